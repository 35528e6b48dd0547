// All that the scheduler knows: members and jobs. A pure state machine; scheduler/service.cc turns calls into its
// events and its wishes into files.
#ifndef PUMASI_SCHEDULER_CLUSTER_H_
#define PUMASI_SCHEDULER_CLUSTER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/job_run.h"
#include "scheduler/membership.h"

namespace pumasi {

// Jobs run one at a time, in the order in which they were submitted. Not thread-safe.
class Cluster {
 public:
  struct Options {
    Membership::Options membership;
    size_t max_jobs = 1000;
  };
  explicit Cluster(const Options& options) : options_(options), members_(options.membership) {}

  // --- membership
  absl::Status Register(const v1::Node& node, absl::Duration now);
  // The answer to a heartbeat if the node's assignments changed since `seen`; nothing if they did not.
  absl::StatusOr<std::optional<v1::HeartbeatResponse>> Assignments(uint64_t incarnation, uint64_t seen,
                                                                   absl::Duration now);
  absl::Status Renew(uint64_t incarnation, absl::Duration now) { return members_.Renew(incarnation, now); }
  void Disconnected(uint64_t incarnation, absl::Duration now) { members_.Disconnected(incarnation, now); }
  void Leave(uint64_t incarnation, absl::Duration now);
  // Deaths and deadlines. To be called at NextDeadline at the latest. Returns who died.
  std::vector<Membership::Death> Tick(absl::Duration now);
  absl::Duration NextDeadline(absl::Duration now) const;

  // --- jobs
  // `spec.job_id` has to be new. The same request_id again returns the job it made. ResourceExhausted: too many jobs.
  absl::StatusOr<std::string> Submit(JobRun::Spec spec, absl::Duration now);
  // NotFound names the job.
  absl::StatusOr<JobRun*> Find(const std::string& job_id);
  // For calls of nodes: UNKNOWN_JOB also where the job has ended.
  absl::StatusOr<JobRun*> Running(const std::string& job_id);
  // To be called after every event given to a job: starts the next one when one ended. Costs little when none did.
  void JobChanged(absl::Duration now);
  absl::StatusOr<v1::LeaseUnitsResponse> Lease(JobRun& job, uint64_t worker, uint32_t hold_at_most);

  // Oldest first.
  std::vector<const JobRun*> jobs() const;
  std::vector<v1::NodeStatus> Nodes(absl::Duration now) const;
  // Sum of the jobs' changes: raised with each.
  uint64_t AssignmentChange() const;
  const Membership& members() const { return members_; }

  // The next checkpoint to finish, with its job.
  std::optional<std::pair<std::string, JobRun::FinishCheckpoint>> TakeCheckpoint();

 private:
  void NodesChanged(absl::Duration now);
  size_t CountEnded() const;

  const Options options_;
  Membership members_;
  std::vector<std::unique_ptr<JobRun>> jobs_;
  std::map<std::string, std::string> job_of_request_;
  size_t ended_ = 0;  // jobs of jobs_ that had ended at the last NodesChanged
  uint64_t forgotten_change_ = 0;
  // Tokens only grow; they start high enough to tell them from part and batch numbers in logs.
  uint64_t next_token_ = 1;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_CLUSTER_H_
