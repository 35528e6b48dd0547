// A worker process around the cores that pumasi-worker runs: WorkCore, with gradients that are made up, and Hosting for
// jobs whose workers hold the slots.
#ifndef PUMASI_TESTS_SIMULATION_WORKER_NODE_H_
#define PUMASI_TESTS_SIMULATION_WORKER_NODE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/made_up_work.h"
#include "tests/simulation/server_node.h"
#include "tests/simulation/watch.h"
#include "worker/exchange/error_feedback.h"
#include "worker/exchange/router.h"
#include "worker/job/work_core.h"

namespace pumasi::sim {

class WorkerNode : public ServerNode {
 public:
  // `slowness`: how many times longer than the fastest it computes.
  WorkerNode(const Surroundings& around, std::string name, size_t number, double slowness)
      : ServerNode(around, std::move(name), number, v1::ROLE_WORKER), slowness_(slowness) {}

  // nullptr: it does not train.
  const WorkCore* core() const { return core_.get(); }

  void AfterEvent() override;

 protected:
  void Killed() override {
    DropJob();
    ServerNode::Killed();
  }
  void TakeAssignments(const std::vector<v1::Assignment>& assignments) override;

 private:
  // What belongs to a unit, by its number.
  struct Payload {
    v1::Lease lease;
    std::vector<PartWork> parts;  // of its range
    PulledParameters pulled;
    uint64_t attempt = 0;  // of the pull
    uint64_t version = 0;  // that was pulled
    std::shared_ptr<const Gradient> gradient;
  };
  // The job's part of the seed.
  const Scenario& scenario() const { return around_.Of(assignment_.job_id()); }
  void DropJob();
  // The assignments of the part that computes.
  void Work(const std::vector<v1::Assignment>& assignments);
  // Reads the data, and tells the scheduler until it trains.
  void Announce();
  void Upload();
  void DoEffects();
  void Do(const CallLease& effect);
  void Do(const Report& effect);
  void Do(const Read& effect);
  void Do(const Pull& effect);
  void Do(const Compute& effect);
  void Do(const Push& effect);
  void Do(const pumasi::Drop& effect);
  void Do(const Fenced& effect);
  void Do(const FailJob& effect);
  v1::UnitDone ComputeUnit(uint64_t unit, Payload& payload);
  Payload* Find(uint64_t unit);
  // `run` if the job is still the same then.
  std::function<void()> Guarded(std::function<void()> run);

  const double slowness_;
  v1::Assignment assignment_;
  bool has_job_ = false;
  uint64_t job_serial_ = 0;
  std::unique_ptr<WorkCore> core_;
  std::optional<Router> router_;
  std::optional<ErrorFeedback> feedback_;  // as long as the core
  std::map<uint64_t, Payload> payloads_;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_WORKER_NODE_H_
