// The CLI's calls to a scheduler.
#ifndef PUMASI_TOOLS_CLI_SCHEDULER_LINK_H_
#define PUMASI_TOOLS_CLI_SCHEDULER_LINK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/config.pb.h"
#include "proto/scheduler.grpc.pb.h"
#include "tools/cli/commands.h"

namespace pumasi {

// Each call is tried again while the scheduler cannot be reached, until the timeout; errors then name its address.
class SchedulerLink {
 public:
  // From --scheduler, --config, or pumasi.yaml in this folder.
  static absl::StatusOr<std::unique_ptr<SchedulerLink>> Open(const ClusterFlags& flags);
  static absl::StatusOr<std::unique_ptr<SchedulerLink>> Open(const v1::ClientConfig& config);

  absl::StatusOr<std::string> Submit(v1::SubmitRequest request);
  absl::StatusOr<std::vector<v1::JobStatus>> ListJobs();
  // Waits up to `wait` for a change beyond `seen_change`.
  absl::StatusOr<v1::JobStatus> GetJob(const std::string& job_id, uint64_t seen_change, absl::Duration wait);
  absl::Status Cancel(const std::string& job_id);
  absl::Status Resume(const std::string& job_id);
  // `undo` takes the wish back.
  absl::Status Drain(const std::string& node, bool undo);
  // The sums, and what became of up to `count` batches from `first_version` on.
  absl::StatusOr<v1::AuditResponse> Audit(const std::string& job_id, uint64_t first_version, uint32_t count);
  absl::StatusOr<std::vector<v1::NodeStatus>> ListNodes();
  // Events of a job's trace from number `first` on: as many as fit.
  absl::StatusOr<v1::GetTraceResponse> GetTrace(const std::string& job_id, uint64_t first);

  const std::string& address() const { return config_.scheduler(); }
  const v1::ClientConfig& config() const { return config_; }

 private:
  explicit SchedulerLink(v1::ClientConfig config) : config_(std::move(config)) {}
  template <typename Request, typename Response, typename Method>
  absl::Status Call(const Request& request, Response* response, Method method,
                    absl::Duration wait = absl::ZeroDuration());

  const v1::ClientConfig config_;
  std::unique_ptr<v1::Scheduler::StubInterface> stub_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_SCHEDULER_LINK_H_
