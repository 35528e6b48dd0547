// The shell around one job on this server: threads, calls and files for a Hosting.
#ifndef PUMASI_SERVER_HOSTED_JOB_H_
#define PUMASI_SERVER_HOSTED_JOB_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/metrics/metric_set.h"
#include "common/rpc/calls_in_flight.h"
#include "proto/scheduler.grpc.pb.h"
#include "server/hosting.h"
#include "server/log_writer.h"
#include "server/peer_connections.h"
#include "server/serving_times.h"

namespace grpc {
class ClientContext;
}

namespace pumasi {

// Thread-safe. Three threads of its own: one makes tables and begins calls, one writes checkpoints, and one the log of
// applied gradients, which training waits for.
class HostedJob {
 public:
  // All of these have to outlive the job.
  struct Around {
    v1::Scheduler::StubInterface& scheduler;
    PeerConnections& peers;
    Files& files;
    const Clock& clock;
  };
  // `on_change` is called, from any thread, when a call that had to wait may have a better chance.
  HostedJob(const Hosting::Options& options, const v1::Assignment& assignment, const Around& around,
            std::function<void()> on_change);
  // Cancels its calls and waits for them and the threads.
  ~HostedJob();

  void Update(const v1::Assignment& assignment);

  // As Hosting's.
  absl::Status Pull(const v1::PullRequest& request, OutgoingPull* response);
  absl::Status Push(const v1::PushRequest& request, const ArrivedValues& values, v1::PushResponse* response);
  absl::StatusOr<v1::SlotState> FetchSlot(const v1::FetchSlotRequest& request);
  // A pull that came at `received`, by the clock, was answered: where its time went.
  void Answered(const v1::PullRequest& request, absl::Duration received, v1::ServedTime* time);
  // What was done so far, and what is held, for monitoring.
  void AddMetrics(MetricSet* metrics);

 private:
  // Calls `event` with the lock, and sees to what follows from it.
  template <typename Event>
  void Happen(Event event);

  void RunControl();
  void Perform(HostingEffects effects);
  void Make(const ShardWish& wish);
  void Fetch(const FetchWish& wish);
  // With the lock: calls for slots of which nothing came for too long, to be cancelled without it.
  std::vector<std::shared_ptr<grpc::ClientContext>> TakeSilent(absl::Duration now);
  void Tell(const TellWish& wish);
  // With the lock: how many batches slots have applied.
  uint64_t Batches() const { return hosting_.shard() == nullptr ? 0 : hosting_.shard()->applied(); }
  // With the lock: the version here if that number is not `before` any more.
  std::optional<uint64_t> Reached(uint64_t before) const;
  // How the time went since the last report: to the scheduler, if there is anything to tell.
  void TellUse();
  // Of the control thread: whether it is time for that again.
  bool UseDue(absl::Duration now);
  // A context for a call; nullptr: the job is dropped, do not call. InfiniteDuration: another deadline is seen to.
  std::shared_ptr<grpc::ClientContext> BeginCall(absl::Duration deadline);

  void RunWriter();
  void WriteSnapshot(Snapshot& snapshot);
  void RunLog();
  void WriteLog(LogWriter& writer, const LogWish& wish);
  // A folder below the options' output_root.
  absl::StatusOr<std::string> Folder(const std::string& named) const;

  const Hosting::Options options_;
  const Around around_;
  const std::function<void()> on_change_;

  std::mutex mutex_;
  std::condition_variable wake_;                     // the control thread
  std::condition_variable wake_writer_, wake_log_;   //
  Hosting hosting_;                                  // GUARDED_BY(mutex_)
  std::deque<std::shared_ptr<Snapshot>> snapshots_;  // GUARDED_BY(mutex_): to be written
  std::deque<LogWish> logs_;                         // GUARDED_BY(mutex_): likewise
  struct Fetching {
    std::shared_ptr<grpc::ClientContext> context;
    absl::Duration moved;  // when something of it came last
    bool cancelled = false;
  };
  std::map<uint64_t, Fetching> fetching_;  // GUARDED_BY(mutex_): by ticket
  ServingTimes times_;                     // GUARDED_BY(mutex_)
  absl::Duration use_told_;                // of the control thread: when that was due last
  bool dropped_ = false;                   // GUARDED_BY(mutex_)
  CallsInFlight calls_;
  std::thread control_, writer_, log_;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_HOSTED_JOB_H_
