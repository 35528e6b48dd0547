// A scheduler process around the core that pumasi-scheduler runs, Cluster, and the store that outlives it.
#ifndef PUMASI_TESTS_SIMULATION_SCHEDULER_NODE_H_
#define PUMASI_TESTS_SIMULATION_SCHEDULER_NODE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "scheduler/checkpoint_folder.h"
#include "scheduler/cluster.h"
#include "scheduler/log_folder.h"
#include "tests/simulation/node.h"
#include "tests/simulation/parking.h"
#include "tests/simulation/sim_store.h"
#include "tests/simulation/watch.h"

namespace pumasi::sim {

class SchedulerNode : public Node {
 public:
  SchedulerNode(const Surroundings& around, std::string name, size_t number)
      : Node(around.world, std::move(name), number), around_(around) {}

  SimStore& store() { return store_; }
  // nullptr: the process is dead.
  const Cluster* cluster() const { return cluster_.get(); }
  // As the RPC Audit answers.
  v1::AuditResponse Audit(const JobRun& job);
  // The next time that a checkpoint is completed, or old ones are removed after it, the disk stops after so many
  // operations; `die` is called then. Not if that are more than it takes.
  void StopWhenFinishing(uint64_t operations, std::function<void()> die) { stop_ = {operations, std::move(die)}; }
  // A process at node `name` broke its connection.
  void Disconnected(const std::string& name);
  size_t waiting_calls() const { return heartbeats_.size() + leases_.size() + norms_.size(); }

  void Serve(Incoming call) override;
  void AfterEvent() override;

 protected:
  void Started() override;
  void Killed() override;

 private:
  using JobEvent = std::function<absl::Status(JobRun& job)>;
  // One event, then the commit, then the answer.
  template <typename Request, typename Response>
  void ServeEvent(const Incoming& call, const std::function<absl::Status(const Request&, Response*)>& event);
  template <typename Request, typename Response>
  void ServeJob(const Incoming& call, const std::function<absl::Status(JobRun&, const Request&, Response*)>& event);
  void ServeHeartbeat(const Incoming& call);
  void ServeLease(const Incoming& call);
  void ServeNorms(const Incoming& call);
  absl::Status Upload(const v1::AssetChunk& chunk);
  absl::Status Submit(const v1::SubmitRequest& request, v1::SubmitResponse* response);
  // Something happened: makes it durable, then tells those who wait.
  void Changed();
  void Commit();
  void FinishNext();
  // Answers the next question about a log.
  void ReadLog();
  void Finish(const std::string& job_id, const JobRun::FinishCheckpoint& finish);

  const Surroundings around_;
  SimStore store_;
  std::unique_ptr<Cluster> cluster_;
  Parking heartbeats_, leases_, norms_;
  std::map<std::string, Assets> assets_;  // by job
  uint64_t woken_change_ = 0;
  bool dirty_ = false;
  bool finishing_ = false;
  struct Stop {
    uint64_t operations = 0;
    std::function<void()> die;
  };
  std::optional<Stop> stop_;
  absl::Duration commit_again_;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_SCHEDULER_NODE_H_
