// What the nodes of a simulation show to whoever checks the promises (tests/simulation/invariants.h).
#ifndef PUMASI_TESTS_SIMULATION_WATCH_H_
#define PUMASI_TESTS_SIMULATION_WATCH_H_

#include <string>
#include <vector>

#include "proto/scheduler.pb.h"
#include "scheduler/job_run.h"
#include "tests/simulation/disk/sim_files.h"
#include "tests/simulation/made_up_work.h"

namespace pumasi {
class Cluster;
}  // namespace pumasi

namespace pumasi::sim {

class Network;
class ServerNode;
class Node;

class Watch {
 public:
  virtual ~Watch() = default;
  // A server did something.
  virtual void ServerChanged(ServerNode& server) = 0;
  // A worker computes parts with these parameters; an evaluation: none.
  virtual void Computes(const Node& worker, const std::string& job_id, uint64_t generation, uint64_t version,
                        PartRange parts, const Parameters& seen) = 0;
  // A worker is about to report a unit.
  virtual void Reports(const Node& worker, const std::string& job_id, const v1::UnitDone& done) = 0;
  // The scheduler did something.
  virtual void SchedulerChanged(Cluster& cluster) = 0;
  // The scheduler gives a worker a unit; the scheduler dies.
  virtual void Leases(const std::string& job_id, const v1::Lease& lease) = 0;
  virtual void SchedulerDied() = 0;
  // A server's records of the log may be lost: a write or sync failed. Or the scheduler could not read the log.
  virtual void LogFailed(const std::string& job_id) = 0;
  // A checkpoint got its name.
  virtual void CheckpointCompleted(const std::string& job_id, const std::string& output,
                                   const JobRun::FinishCheckpoint& checkpoint) = 0;
};

// What every node lives in.
struct Surroundings {
  World& world;
  Network& network;
  SimFiles& files;
  const std::vector<Scenario>& scenarios;
  Watch& watch;

  // Of the cluster.
  const Scenario& scenario() const { return scenarios[0]; }
  // Of a job.
  const Scenario& Of(const std::string& job_id) const { return scenarios[JobNumberOf(job_id)]; }
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_WATCH_H_
