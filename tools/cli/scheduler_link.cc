#include "tools/cli/scheduler_link.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <random>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/field_rules.h"
#include "common/file.h"
#include "common/retry.h"
#include "common/rpc_channel.h"
#include "common/rpc_error.h"
#include "common/shutdown.h"
#include "common/yaml_message.h"

namespace pumasi {
namespace {

const char kConfigName[] = "pumasi.yaml";

}  // namespace

absl::StatusOr<std::unique_ptr<SchedulerLink>> SchedulerLink::Open(const ClusterFlags& flags) {
  v1::ClientConfig config;
  SourceMap source;
  auto there = RealFiles().Exists(kConfigName);
  const std::string path = !flags.config.empty() ? flags.config : there.ok() && *there ? kConfigName : "";
  if (!path.empty()) {
    if (absl::Status status = ReadYamlMessage(RealFiles(), path, &config, &source); !status.ok()) return status;
  }
  if (!flags.scheduler.empty()) config.set_scheduler(flags.scheduler);
  if (absl::Status status = CompleteMessage(&config, source); !status.ok()) return status;
  return Open(config);
}

absl::StatusOr<std::unique_ptr<SchedulerLink>> SchedulerLink::Open(const v1::ClientConfig& config) {
  std::unique_ptr<SchedulerLink> link(new SchedulerLink(config));
  auto channel = MakeRpcChannel({config.scheduler(), config.tls(), 64 << 20});
  if (!channel.ok()) return channel.status();
  link->stub_ = v1::Scheduler::NewStub(*channel);
  return link;
}

template <typename Request, typename Response, typename Method>
absl::Status SchedulerLink::Call(const Request& request, Response* response, Method method, absl::Duration wait) {
  const absl::Duration give_up = RealClock().Now() + absl::Seconds(config_.timeout()) + wait;
  Backoff backoff;
  std::random_device random;
  while (true) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);  // a scheduler that is just starting is waited for, not failed on
    const absl::Duration left = give_up - RealClock().Now();
    context.set_deadline(std::chrono::system_clock::now() +
                         absl::ToChronoMilliseconds(std::min(left, wait + absl::Seconds(5))));
    const grpc::Status status = (*stub_.*method)(&context, request, response);
    if (status.ok()) return absl::OkStatus();
    const bool again = (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
                        status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) &&
                       RealClock().Now() < give_up;
    if (!again) {
      const absl::Status error = ToAbsl(status);
      if (!absl::IsUnavailable(error) && !absl::IsDeadlineExceeded(error)) return error;
      return absl::Status(error.code(),
                          absl::StrCat("the scheduler at ", address(), " does not answer: ", error.message()));
    }
    if (Shutdown::Install().WaitFor(backoff.Next(random()))) return absl::CancelledError("interrupted");
  }
}

absl::StatusOr<std::string> SchedulerLink::Submit(v1::SubmitRequest request) {
  // Drawn once: trying again after a lost answer must not make a second job.
  std::random_device random;
  if (request.request_id().empty()) {
    request.set_request_id(absl::StrCat(absl::Hex(random()), absl::Hex(random()), absl::Hex(random())));
  }
  v1::SubmitResponse response;
  absl::Status status = Call(request, &response, &v1::Scheduler::StubInterface::Submit);
  if (!status.ok()) return status;
  return response.job_id();
}

absl::StatusOr<std::vector<v1::JobStatus>> SchedulerLink::ListJobs() {
  v1::ListJobsResponse response;
  absl::Status status = Call(v1::ListJobsRequest(), &response, &v1::Scheduler::StubInterface::ListJobs);
  if (!status.ok()) return status;
  return std::vector<v1::JobStatus>(response.jobs().begin(), response.jobs().end());
}

absl::StatusOr<v1::JobStatus> SchedulerLink::GetJob(const std::string& job_id, uint64_t seen_change,
                                                    absl::Duration wait) {
  v1::GetJobRequest request;
  request.set_job_id(job_id);
  request.set_seen_change(seen_change);
  v1::GetJobResponse response;
  absl::Status status = Call(request, &response, &v1::Scheduler::StubInterface::GetJob, wait);
  if (!status.ok()) return status;
  return response.job();
}

absl::Status SchedulerLink::Cancel(const std::string& job_id) {
  v1::CancelRequest request;
  request.set_job_id(job_id);
  v1::CancelResponse response;
  return Call(request, &response, &v1::Scheduler::StubInterface::Cancel);
}

absl::Status SchedulerLink::Resume(const std::string& job_id) {
  v1::ResumeRequest request;
  request.set_job_id(job_id);
  v1::ResumeResponse response;
  return Call(request, &response, &v1::Scheduler::StubInterface::Resume);
}

absl::Status SchedulerLink::Drain(const std::string& node, bool undo) {
  v1::DrainRequest request;
  request.set_node(node);
  request.set_undo(undo);
  v1::DrainResponse response;
  return Call(request, &response, &v1::Scheduler::StubInterface::Drain);
}

absl::StatusOr<v1::AuditResponse> SchedulerLink::Audit(const std::string& job_id, uint64_t first_version,
                                                       uint32_t count) {
  v1::AuditRequest request;
  request.set_job_id(job_id);
  request.set_first_version(first_version);
  request.set_count(count);
  v1::AuditResponse response;
  absl::Status status = Call(request, &response, &v1::Scheduler::StubInterface::Audit);
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<v1::GetTraceResponse> SchedulerLink::GetTrace(const std::string& job_id, uint64_t first) {
  v1::GetTraceRequest request;
  request.set_job_id(job_id);
  request.set_first(first);
  v1::GetTraceResponse response;
  absl::Status status = Call(request, &response, &v1::Scheduler::StubInterface::GetTrace);
  if (!status.ok()) return status;
  return response;
}

absl::StatusOr<std::vector<v1::NodeStatus>> SchedulerLink::ListNodes() {
  v1::ListNodesResponse response;
  absl::Status status = Call(v1::ListNodesRequest(), &response, &v1::Scheduler::StubInterface::ListNodes);
  if (!status.ok()) return status;
  return std::vector<v1::NodeStatus>(response.nodes().begin(), response.nodes().end());
}

}  // namespace pumasi
