// Whoever submits jobs, cancels and resumes them, and drains nodes: asks until it is answered.
#ifndef PUMASI_TESTS_SIMULATION_CLIENT_NODE_H_
#define PUMASI_TESTS_SIMULATION_CLIENT_NODE_H_

#include <map>
#include <set>
#include <string>
#include <utility>

#include "tests/simulation/member_node.h"
#include "tests/simulation/rpc.h"
#include "tests/simulation/watch.h"

namespace pumasi::sim {

class ClientNode : public Node {
 public:
  ClientNode(const Surroundings& around, std::string name, size_t number)
      : Node(around.world, std::move(name), number), around_(around) {}

  // Tries a few times.
  void Drain(const std::string& node, bool undo, int tries = 10) {
    v1::DrainRequest request;
    request.set_node(node);
    request.set_undo(undo);
    world_.Trace(undo ? "undrains " : "drains ", node);
    Ask<v1::DrainResponse>(around_.network, *this, kSchedulerName, Method::kDrain, request, absl::Seconds(2),
                           [=, this](const absl::Status& status, const v1::DrainResponse&) {
                             if (status.ok() || tries <= 1) return;
                             After(absl::Milliseconds(200), [=, this] { Drain(node, undo, tries - 1); });
                           });
  }

  // One of the jobs, once: whether it is too late for it or not.
  void CancelAny() {
    if (jobs_.empty()) return;
    const std::string& job_id = std::next(jobs_.begin(), static_cast<long>(random().Below(jobs_.size())))->second;
    cancelled_.insert(job_id);
    v1::CancelRequest request;
    request.set_job_id(job_id);
    world_.Trace("cancels ", job_id);
    Ask<v1::CancelResponse>(around_.network, *this, kSchedulerName, Method::kCancel, request, absl::Seconds(2),
                            [](const absl::Status&, const v1::CancelResponse&) {});
  }
  bool cancelled(const std::string& job_id) const { return cancelled_.count(job_id) > 0; }

  // Of a job that failed or was cancelled, to be called as long as it is neither queued nor runs: asks after a while,
  // and again.
  void Resume(const std::string& job_id) {
    if (!resuming_.insert(job_id).second) return;
    After(absl::Milliseconds(10 << random().Below(10)), [this, job_id] {
      v1::ResumeRequest request;
      request.set_job_id(job_id);
      world_.Trace("resumes ", job_id);
      Ask<v1::ResumeResponse>(around_.network, *this, kSchedulerName, Method::kResume, request, absl::Seconds(2),
                              [this, job_id](const absl::Status&, const v1::ResumeResponse&) {
                                After(absl::Seconds(1), [this, job_id] { resuming_.erase(job_id); });
                              });
    });
  }

  void Serve(Incoming call) override { call.reply(absl::UnimplementedError("clients serve nothing"), ""); }

 protected:
  void Started() override {
    for (const Scenario& scenario : around_.scenarios) {
      After(absl::Milliseconds(scenario.number == 0 ? 0 : random().Below(3000)),
            [this, &scenario] { Submit(scenario); });
    }
  }
  void Killed() override {}

 private:
  void Submit(const Scenario& scenario) {
    v1::SubmitRequest request;
    *request.mutable_job() = scenario.job;
    request.set_base("/");
    request.set_output(scenario.job.name());
    request.set_servers(scenario.servers);
    request.set_workers(scenario.workers);
    request.set_request_id(scenario.job.name());
    Ask<v1::SubmitResponse>(around_.network, *this, kSchedulerName, Method::kSubmit, request, absl::Seconds(5),
                            [this, &scenario](const absl::Status& status, const v1::SubmitResponse& response) {
                              if (status.ok()) jobs_[scenario.number] = response.job_id();
                              if (!status.ok()) After(absl::Milliseconds(100), [&, this] { Submit(scenario); });
                            });
  }

  const Surroundings around_;
  std::map<uint32_t, std::string> jobs_;  // ids by number, once they are known
  std::set<std::string> cancelled_, resuming_;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_CLIENT_NODE_H_
