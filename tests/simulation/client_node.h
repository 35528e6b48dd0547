// Whoever submits the job and drains nodes: asks until it is answered.
#ifndef PUMASI_TESTS_SIMULATION_CLIENT_NODE_H_
#define PUMASI_TESTS_SIMULATION_CLIENT_NODE_H_

#include <string>

#include "tests/simulation/member_node.h"
#include "tests/simulation/rpc.h"
#include "tests/simulation/watch.h"

namespace pumasi::sim {

class ClientNode : public Node {
 public:
  ClientNode(const Surroundings& around, std::string name, size_t number)
      : Node(around.world, std::move(name), number), around_(around) {}

  bool submitted() const { return submitted_; }
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

  // Of a job that failed: until it goes on.
  void Resume(const std::string& job_id) {
    if (resuming_) return;
    resuming_ = true;
    v1::ResumeRequest request;
    request.set_job_id(job_id);
    world_.Trace("resumes ", job_id);
    Ask<v1::ResumeResponse>(around_.network, *this, kSchedulerName, Method::kResume, request, absl::Seconds(2),
                            [this](const absl::Status&, const v1::ResumeResponse&) {
                              After(absl::Seconds(1), [this] { resuming_ = false; });
                            });
  }

  void Serve(Incoming call) override { call.reply(absl::UnimplementedError("clients serve nothing"), ""); }

 protected:
  void Started() override { Submit(); }
  void Killed() override {}

 private:
  void Submit() {
    v1::SubmitRequest request;
    *request.mutable_job() = around_.scenario.job;
    request.set_base("/");
    request.set_output("job");
    request.set_servers(around_.scenario.servers);
    request.set_workers(around_.scenario.workers);
    request.set_request_id("the only one");
    Ask<v1::SubmitResponse>(around_.network, *this, kSchedulerName, Method::kSubmit, request, absl::Seconds(5),
                            [this](const absl::Status& status, const v1::SubmitResponse&) {
                              submitted_ = status.ok();
                              if (!status.ok()) After(absl::Milliseconds(100), [this] { Submit(); });
                            });
  }

  const Surroundings around_;
  bool submitted_ = false;
  bool resuming_ = false;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_CLIENT_NODE_H_
