// All that the scheduler knows: members and jobs. A pure state machine; scheduler/service.cc turns calls into its
// events and its wishes into files.
#ifndef PUMASI_SCHEDULER_CLUSTER_H_
#define PUMASI_SCHEDULER_CLUSTER_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "scheduler/job_run.h"
#include "scheduler/membership.h"
#include "scheduler/store.h"

namespace pumasi {

// Jobs run one at a time, in the order in which they were submitted. Not thread-safe.
//
// Everything is kept in records (proto/job_record.proto). After each event, and before anybody hears of what came of
// it:
//
//   cluster.JobChanged(now);
//   if (auto commit = cluster.TakeCommit(now)) {
//     absl::Status status = store.Commit(commit->batch, commit->durability);
//     cluster.CommitDone(status);
//   }
//   if (!cluster.MayTell(status)) the event's answer is NOT_DURABLE; the caller asks again
//
// A new Cluster that is given the records of another goes on where that one was: nobody can tell the difference, but
// that members' leases and jobs' deadlines begin anew.
class Cluster {
 public:
  // NextDeadline is never further away: jobs' deadlines are seconds long, so looking this often is exact enough.
  static constexpr absl::Duration kTick = absl::Milliseconds(500);

  struct Options {
    Membership::Options membership;
    size_t max_jobs = 1000;
  };
  explicit Cluster(const Options& options) : options_(options), members_(options.membership) {}

  // --- records
  // Entries of a store whose keys start with kRecordPrefixes (others are ignored). To be called before any event, also
  // with none; there is something to commit afterwards. DataLoss names the record that can't be read.
  static constexpr const char* kRecordPrefixes[] = {"cluster", "job/"};
  absl::Status Restore(const std::vector<StoreEntry>& entries, absl::Duration now);
  struct PendingCommit {
    StoreBatch batch;
    Durability durability;
  };
  // What changed since the last commit that succeeded; nothing if nothing did.
  std::optional<PendingCommit> TakeCommit(absl::Duration now);
  // What became of it. What failed is in the next one again.
  void CommitDone(const absl::Status& status, absl::Duration now);
  // As JobRun::LookAtAllRecords, for tests.
  void LookAtAllRecords();
  // Whether every promise is durable. If not, assignments and leases are withheld until a commit succeeds.
  bool durable() const { return !synced_pending_; }
  // May the caller of an event hear that it came to `status`? Not while something is not durable: the next scheduler
  // may know nothing of it. Errors that follow from what is known (they have a reason: "the job has ended") are
  // promises, too: who hears that nobody wants a report any more does not make it again.
  bool MayTell(const absl::Status& status) const;
  // Jobs that were forgotten since the last call: what stands in the store under "audit/ID/" and "assets/ID/" may go.
  std::vector<std::string> TakeForgotten();

  // --- membership
  absl::Status Register(const v1::Node& node, absl::Duration now, const std::string& host = "");
  // The answer to a heartbeat if the node's assignments changed since `seen`; nothing if they did not, or are not
  // durable.
  absl::StatusOr<std::optional<v1::HeartbeatResponse>> Assignments(uint64_t incarnation, uint64_t seen,
                                                                   absl::Duration now);
  absl::Status Renew(uint64_t incarnation, absl::Duration now) { return members_.Renew(incarnation, now); }
  void Disconnected(uint64_t incarnation, absl::Duration now) { members_.Disconnected(incarnation, now); }
  void Leave(uint64_t incarnation, absl::Duration now);
  // Nodes of this name shall get no more work; also one that registers later. NotFound: no living node has the name.
  absl::Status Drain(const std::string& name, bool undo, absl::Duration now);
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
  absl::Status Resume(const std::string& job_id, absl::Duration now);
  // No leases while something is not durable.
  absl::StatusOr<v1::LeaseUnitsResponse> Lease(JobRun& job, uint64_t worker, uint32_t hold_at_most, absl::Duration now);

  // Oldest first.
  std::vector<const JobRun*> jobs() const;
  std::vector<v1::NodeStatus> Nodes(absl::Duration now) const;
  // Sum of the jobs' changes: raised with each, and greater than any before a restart.
  uint64_t AssignmentChange() const;
  const Membership& members() const { return members_; }

  // The next checkpoint to finish, with its job.
  std::optional<std::pair<std::string, JobRun::FinishCheckpoint>> TakeCheckpoint();
  // The next question about a log, with its job; to be answered by JobRun::LogRead (scheduler/log_folder.h).
  std::optional<std::pair<std::string, JobRun::LogQuestion>> TakeLogQuestion();
  // Whether there is a checkpoint to finish, or a question.
  bool HasFileWork() const;

 private:
  // Tokens are promised in blocks, so that not every lease has to be synced.
  static constexpr uint64_t kTokenBlock = 1000;
  // Changes of a failed commit beyond which the audit of single batches is dropped, to bound memory.
  static constexpr size_t kMaxUnsaved = 100000;

  void NodesChanged(absl::Duration now);
  size_t CountEnded() const;
  v1::ClusterRecord Record() const;
  uint64_t FirstChange() const { return restarts_ << 32; }

  const Options options_;
  Membership members_;
  std::vector<std::unique_ptr<JobRun>> jobs_;
  std::map<std::string, std::string> job_of_request_;
  size_t ended_ = 0;  // jobs of jobs_ that had ended at the last NodesChanged
  uint64_t forgotten_change_ = 0;
  uint64_t restarts_ = 0;
  // Tokens only grow.
  uint64_t next_token_ = 1;
  uint64_t token_limit_ = 1;  // no token from this one on was promised

  bool touched_ = true;  // the cluster's record may have changed: any event but those of jobs, Renew and Disconnected
  std::string saved_;    // the cluster's record as it was saved last
  StoreBatch unsaved_;   // taken, or failed
  bool synced_pending_ = false;
  bool commit_failing_ = false;
  std::vector<std::string> forgotten_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_CLUSTER_H_
