// What is simulated: a cluster, its jobs, and how bad the days are; all drawn from one seed.
#ifndef PUMASI_TESTS_SIMULATION_SCENARIO_H_
#define PUMASI_TESTS_SIMULATION_SCENARIO_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/averaging.h"
#include "common/consistency.h"
#include "common/layout/batch_plan.h"
#include "ops/wire/job_wire.h"
#include "proto/job.pb.h"
#include "proto/table.pb.h"
#include "tests/simulation/network.h"
#include "tests/simulation/random.h"

namespace pumasi::sim {

// Mean numbers of each kind of mishap in ten seconds of the fault phase; 0: this run has none of that kind.
struct FaultRates {
  double kill_server = 0, kill_worker = 0, kill_scheduler = 0;
  double freeze = 0;        // a node stands still, for up to 8 s
  double partition = 0;     // links are cut, one way or both, for up to 6 s
  double blackout = 0;      // every process is killed and the disk loses what was not synced
  double lose_servers = 0;  // all servers are killed together, and soon back; the disk may read badly meanwhile
  double half_push = 0;     // a worker no longer reaches one server, and then slots move
  double finish = 0;        // the scheduler dies between two steps of completing a checkpoint
  double drain = 0;         // of a server or worker, and back
  double leave = 0;         // a server or worker says goodbye, and comes back
  double cancel = 0;        // of a job, which is resumed after a while
  double join = 0;          // a node more
  double wall_jump = 0;
  double power = 0.3;  // of a killed scheduler: its machine loses power, and commits that were not synced
  // Nothing else goes wrong than that the scheduler dies.
  bool only_scheduler = false;
  double disk = 0;   // the disk is full, or fails, for a while
  double store = 0;  // the scheduler's store can't commit, for a while
  Network::Weather weather;
};

// One job, and the cluster that all jobs of a seed share.
struct Scenario {
  uint64_t seed = 0;
  uint32_t number = 0;  // of the job among those of the seed
  uint32_t jobs = 1;    // of the seed
  // That the job asks for, and that are there at the start. No servers where workers hold the slots.
  uint32_t servers = 2, workers = 2;
  uint32_t spare_servers = 0, spare_workers = 0;  // that may join
  double drift = 0;                               // of clocks, at most
  Nanos compute = 0;                              // a part, at the fastest worker
  Nanos sync = 0;                                 // of a server's log, at the longest
  Nanos fault_phase = 0;                          // mishaps begin up to then
  FaultRates faults;
  v1::Job job;
  v1::DataSummary data;
  std::vector<v1::TableSpec> tables;

  BatchPlan plan() const { return PlanOf(job, data.train_rows()); }
  uint64_t batches() const { return plan().BatchesPerEpoch() * job.epochs(); }
  bool has_log() const { return job.durability() == v1::DURABILITY_BATCH; }
  bool counts() const { return job.optimizer().has_count(); }
  Precision wire() const { return WireOf(job); }
  DenseCoding coding() const { return CodingOf(job); }
  // Whoever computes what. Otherwise dense tables are not looked at; row tables are unless it depends on when, too.
  bool same_bits() const { return IsReproducible(job.wire()) && in_order(); }
  // What is computed does not depend on when, and by that on who was how fast.
  bool in_order() const { return IsReproducible(job.consistency()); }
  // A line for people.
  std::string ToString() const;
};

// The jobs of a seed, one at least, in the order in which they are submitted. Without `faults` nothing goes wrong.
std::vector<Scenario> DrawScenarios(uint64_t seed, bool faults);

// The ids of a job's runs begin with this: "job0-". Of job `number` of the seed.
std::string JobIdPrefix(uint32_t number);
// The number of the job with this id.
uint32_t JobNumberOf(const std::string& job_id);

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_SCENARIO_H_
