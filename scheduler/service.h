// The scheduler's shell: gRPC calls become events of the Cluster, waiting calls are parked, deadlines are watched by a
// thread, and checkpoints are completed by another. Who may call was checked before (common/authorize.h).
#ifndef PUMASI_SCHEDULER_SERVICE_H_
#define PUMASI_SCHEDULER_SERVICE_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "common/clock.h"
#include "common/file.h"
#include "common/metrics/metric_set.h"
#include "common/rpc/parking.h"
#include "proto/scheduler.grpc.pb.h"
#include "scheduler/asset_store.h"
#include "scheduler/cluster.h"
#include "scheduler/living_time.h"
#include "scheduler/store.h"

namespace pumasi {

// Thread-safe, as gRPC needs it.
class SchedulerService final : public v1::Scheduler::CallbackService {
 public:
  struct Options {
    Cluster::Options cluster;
    std::string output_root;
  };
  // Goes on with what `store` holds. DataLoss, or what the store answers, if that can't be read or changed. `clock`,
  // `files` and `store` have to outlive the service; the store is its alone.
  static absl::StatusOr<std::unique_ptr<SchedulerService>> Create(const Options& options, const Clock& clock,
                                                                  Files& files, Store& store);
  ~SchedulerService() override;
  // Answers all waiting calls and ends the threads. To be called before the gRPC server shuts down.
  void Stop();

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* Register(Context*, const v1::RegisterRequest*, v1::RegisterResponse*) override;
  Reactor* Heartbeat(Context*, const v1::HeartbeatRequest*, v1::HeartbeatResponse*) override;
  Reactor* Leave(Context*, const v1::LeaveRequest*, v1::LeaveResponse*) override;
  Reactor* ReportPrepared(Context*, const v1::ReportPreparedRequest*, v1::ReportPreparedResponse*) override;
  grpc::ServerReadReactor<v1::AssetChunk>* UploadAssets(Context*, v1::UploadAssetsResponse*) override;
  Reactor* ReportReady(Context*, const v1::ReportReadyRequest*, v1::ReportReadyResponse*) override;
  Reactor* ReportFilled(Context*, const v1::ReportFilledRequest*, v1::ReportFilledResponse*) override;
  Reactor* ReportShardSaved(Context*, const v1::ReportShardSavedRequest*, v1::ReportShardSavedResponse*) override;
  Reactor* CombineNorms(Context*, const v1::CombineNormsRequest*, v1::CombineNormsResponse*) override;
  Reactor* MeetGroup(Context*, const v1::MeetGroupRequest*, v1::MeetGroupResponse*) override;
  Reactor* ReportFailure(Context*, const v1::ReportFailureRequest*, v1::ReportFailureResponse*) override;
  Reactor* ReportUse(Context*, const v1::ReportUseRequest*, v1::ReportUseResponse*) override;
  Reactor* LeaseUnits(Context*, const v1::LeaseUnitsRequest*, v1::LeaseUnitsResponse*) override;
  Reactor* Submit(Context*, const v1::SubmitRequest*, v1::SubmitResponse*) override;
  Reactor* ListJobs(Context*, const v1::ListJobsRequest*, v1::ListJobsResponse*) override;
  Reactor* GetJob(Context*, const v1::GetJobRequest*, v1::GetJobResponse*) override;
  Reactor* Cancel(Context*, const v1::CancelRequest*, v1::CancelResponse*) override;
  Reactor* Resume(Context*, const v1::ResumeRequest*, v1::ResumeResponse*) override;
  Reactor* Drain(Context*, const v1::DrainRequest*, v1::DrainResponse*) override;
  Reactor* GetTrace(Context*, const v1::GetTraceRequest*, v1::GetTraceResponse*) override;
  Reactor* Audit(Context*, const v1::AuditRequest*, v1::AuditResponse*) override;
  Reactor* ListNodes(Context*, const v1::ListNodesRequest*, v1::ListNodesResponse*) override;

  // For monitoring.
  void AddMetrics(MetricSet* metrics);

  // For the upload's reactor.
  absl::Status FinishUpload(AssetUpload upload);

 private:
  // No call is kept longer than this, whatever its deadline.
  static constexpr std::chrono::milliseconds kLongestWait{30000};

  SchedulerService(const Options& options, const Clock& clock, Files& files, Store& store);
  absl::Status Restore();
  // Keys of the store beside the cluster's records.
  static std::string AssetPrefix(const std::string& job_id) { return "assets/" + job_id + "/"; }
  static std::string AuditPrefix(const std::string& job_id) { return "audit/" + job_id + "/"; }

  // Runs `event` in its turn and answers with its status, once what it changed is stored.
  Reactor* Serve(Context* context, const std::function<absl::Status(absl::Duration now)>& event);
  // A call that is answered once others have made theirs, in whatever turn: `event` says what they come to together.
  template <typename Request, typename Response, typename Event>
  Reactor* Together(Context* context, const Request* request, Response* response, const Event& event);
  // These with the mutex held. After an event, before anybody hears what came of it: stores what changed. NOT_DURABLE
  // if that failed and somebody could rely on it.
  absl::Status Commit();
  // Likewise, logs what changed and wakes who waits.
  absl::Status Changed();
  // What the caller of an event that came to `status` is told: that, or `kept` where it may not hear of it. `kept` is
  // what Commit or Changed said after the event; OK if there was nothing to store.
  absl::Status Told(absl::Status status, absl::Status kept) const;
  // Removes what the store holds of jobs that were forgotten.
  void CleanUp();
  absl::StatusOr<Assets> AssetsOf(const std::string& job_id);
  // Of batches [first, first + count) those that are done.
  absl::Status ReadAudit(const JobRun& job, uint64_t first, uint32_t count, v1::AuditResponse* response);

  void WatchDeadlines();
  void CompleteCheckpoints();
  void AnswerLogQuestions();
  absl::StatusOr<JobRun::Spec> MakeSpec(const v1::SubmitRequest& request) const;
  v1::JobStatus StatusOf(const JobRun& job, absl::Duration now) const;

  // Since this process began, for monitoring alone.
  struct Counts {
    uint64_t died = 0, left = 0;  // nodes
    TimeHistogram commits;
    uint64_t failed_commits = 0;
  };

  const Options options_;
  const Clock& clock_;
  LivingTime time_;  // GUARDED_BY(mutex_)
  Files& files_;
  Store& store_;  // GUARDED_BY(mutex_)

  std::mutex mutex_;
  Cluster cluster_;                                         // GUARDED_BY(mutex_)
  bool store_works_ = true;                                 // GUARDED_BY(mutex_)
  std::map<std::string, Assets> assets_;                    // GUARDED_BY(mutex_): by job, until the job ends
  std::map<std::string, std::vector<std::string>> labels_;  // GUARDED_BY(mutex_): by job
  std::map<std::string, v1::JobState> logged_;  // GUARDED_BY(mutex_): the state of each job that was last logged
  uint64_t woken_change_ = 0;                   // GUARDED_BY(mutex_)
  bool stopped_ = false;                        // GUARDED_BY(mutex_)
  std::condition_variable deadline_wake_;       // a death came nearer
  std::condition_variable checkpoint_wake_;     // a checkpoint may be there to complete, or a question about a log
  // GUARDED_BY(mutex_): by incarnation, the node's latest heartbeat; each has a number.
  std::map<uint64_t, uint64_t> latest_heartbeat_;
  uint64_t next_heartbeat_ = 1;  // GUARDED_BY(mutex_)
  Counts counts_;                // GUARDED_BY(mutex_)

  Parking heartbeats_, leases_, watchers_, together_;
  std::thread deadlines_, checkpoints_, logs_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_SERVICE_H_
