// The promises of docs/reliability.md, checked while a simulation runs. It knows what nobody in the cluster knows: what
// every process did, and what the parameters have to be.
//
//  - A worker computes with the parameters of an undisturbed run, bit for bit, whichever copy they came from, and once
//    every copy has applied the batch before.
//  - One layout has one epoch, so a slot has one primary an epoch.
//  - What a slot has applied was computed by some worker, in the same generation.
//  - Copies of a slot that have applied the same are equal, bit for bit.
//  - A unit that is reported as done is on every copy of every slot of some layout of its generation.
//  - The scheduler counts a batch as done once every part of it was reported, in this generation.
//  - A new generation begins at a complete checkpoint's cut. Where servers log what they apply, and no write of a log
//    failed, it begins at most one batch before the last one of which a part was computed, if the scheduler knew those
//    before it to be done.
//  - Where nothing happens but that the scheduler's process dies, no part's outcome is unknown, and no part is computed
//    twice but those that had been leased when it died (workers that are alone do not know what others hold), those
//    that one process leased twice (to see how fast a worker is), and a few that a worker began alone while the new
//    process' first answer was on its way. Where its machine loses power, it loses results and
//    leases that were not synced.
//  - Each complete checkpoint loads, and is the cut of an undisturbed run.
//  - What is kept for calls and units is bounded.
//  - In the end the audit is exact, and so are the parameters.
//
// Where a job does not promise the same bits (`wire: onebit | topk`), all that is said of parameters holds for row
// tables alone, whose gradients here then do not depend on dense values.
#ifndef PUMASI_TESTS_SIMULATION_INVARIANTS_H_
#define PUMASI_TESTS_SIMULATION_INVARIANTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "tests/simulation/disk/sim_files.h"
#include "tests/simulation/reference.h"
#include "tests/simulation/scheduler_node.h"
#include "tests/simulation/server_node.h"

namespace pumasi::sim {

// Of one job of the seed.
class Invariants {
 public:
  // The references have to outlive it; servers are added as they come.
  Invariants(World& world, const Scenario& scenario, const Reference& reference, SimFiles& files)
      : world_(world), scenario_(scenario), reference_(reference), files_(files) {}

  void Add(const ServerNode* server) { servers_.push_back(server); }

  // As class Watch says. Of servers: those that host the job.
  void ServerChanged(ServerNode& server);
  void Computes(const Node& worker, uint64_t generation, uint64_t version, PartRange parts, const Parameters& seen);
  void Reports(const Node& worker, const v1::UnitDone& done);
  void JobChanged(const JobRun& job, bool durable);
  void Leases(const v1::Lease& lease);
  void SchedulerDied();
  void LogFailed() { log_failed_ = true; }
  void CheckpointCompleted(const std::string& output, const JobRun::FinishCheckpoint& checkpoint);

  // Whether a job that failed, or was cancelled, is to be resumed by hand: after trouble with the disk, or somebody's
  // wish. Otherwise the end of a job is a broken promise.
  std::function<bool(const JobRun& job)> resume = [](const JobRun&) { return false; };

  // The job is done, and everybody will know it.
  bool done() const { return done_; }
  // After done().
  void CheckEnd(SchedulerNode& scheduler, const JobRun& job);

  uint64_t checkpoints() const { return completed_.size(); }
  uint64_t generations() const { return generation_; }

 private:
  // What one copy of one slot has: all batches before `version`, and some parts of that one and, where they may be
  // missing in parameters, of those after it.
  struct Applied {
    uint64_t version = 0;
    std::map<uint64_t, uint64_t> parts;  // bits, by batch; those of which there is none are left out
    bool Has(uint64_t of_version, uint64_t of_parts) const {
      const auto some = parts.find(of_version);
      return of_version < version || (of_parts & ~(some == parts.end() ? 0 : some->second)) == 0;
    }
    bool operator==(const Applied&) const = default;
  };
  using CopyKey = std::tuple<uint64_t, uint64_t, uint32_t>;  // generation, incarnation, slot

  Applied AppliedOf(const Slot& slot) const;
  void LookAtLayout(const v1::Layout& layout, const std::string& who);
  void LookAtSlots(const ServerNode& server);
  void CompareCopies(const ServerNode& server, uint32_t slot);
  // Of slots from `from` on.
  bool OnAllCopies(const v1::Layout& layout, uint64_t version, uint64_t parts, uint32_t from) const;
  // Of the generation's layouts.
  bool OnSomeLayout(uint64_t generation, uint64_t version, uint64_t parts, uint32_t from = 0) const;
  void LookAtProgress(uint64_t generation, uint64_t version);
  bool only_the_process_dies() const { return scenario_.faults.only_scheduler && scenario_.faults.power == 0; }
  void LookAtReturn(uint64_t generation, uint64_t version);
  // All values of a checkpoint, as a server that loads it alone shows them.
  absl::StatusOr<Reference::Values> Load(const std::string& folder, uint64_t* version) const;
  absl::StatusOr<Reference::Values> LoadLuckily(const std::string& folder, uint64_t* version) const;

  World& world_;
  const Scenario& scenario_;
  // The lane whose own parameters the parts are computed with; nullopt: those that count.
  std::optional<uint32_t> LaneOf(PartRange parts) const;

  const Reference& reference_;
  SimFiles& files_;
  std::vector<const ServerNode*> servers_;

  std::map<uint64_t, v1::Layout> layouts_;           // by epoch
  std::map<const ServerNode*, uint64_t> looked_at_;  // the epoch of the server's layout that was
  std::map<CopyKey, Applied> applied_;
  std::set<std::tuple<uint64_t, uint64_t, uint32_t>> computed_;        // generation, version, part
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> reported_;         // parts, by generation and version
  std::map<uint64_t, std::string> completed_;                          // checkpoints: names by version
  std::string model_;                                                  // folder of the final one
  uint64_t in_vain_ = 0;                                               // parts
  std::set<std::tuple<uint64_t, uint64_t, uint32_t>> leased_, twice_;  // since the scheduler's start; may be twice
  std::map<uint64_t, uint64_t> last_computed_;                         // batch, by generation
  bool log_failed_ = false;
  uint64_t generation_ = 0, version_ = 0;  // of the scheduler
  uint32_t turn_ = 0;
  bool done_ = false;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_INVARIANTS_H_
