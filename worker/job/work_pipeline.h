// Carries out what a job's WorkCore wants: a thread reads rows, one computes (with those of a DeviceTeam), one builds
// pushes, one keeps the core's time; calls end in gRPC's threads. Payloads stay here, by the numbers of their units.
#ifndef PUMASI_WORKER_JOB_WORK_PIPELINE_H_
#define PUMASI_WORKER_JOB_WORK_PIPELINE_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/metrics/metric_set.h"
#include "proto/scheduler.pb.h"
#include "worker/exchange/error_feedback.h"
#include "worker/exchange/ps_exchange.h"
#include "worker/input/row_source.h"
#include "worker/job/bounded_queue.h"
#include "worker/job/device_team.h"
#include "worker/job/ring_exchange.h"
#include "worker/job/scheduler_client.h"
#include "worker/job/unit.h"
#include "worker/job/work_core.h"
#include "worker/job/work_counts.h"
#include "worker/job/worker_times.h"
#include "worker/model/model.h"

namespace pumasi {

// Thread-safe.
class WorkPipeline {
 public:
  struct Options {
    WorkCore::Options core;
    WorkShape shape;
    bool trace = false;  // what it does when is reported, too
    // Gradients are summed by a ring; what is a function in here the pipeline fills in.
    std::optional<RingExchange::Options> ring = {};
    std::vector<v1::TableSpec> tables;
    const RowSource* train = nullptr;
    const RowSource* test = nullptr;  // may be nullptr
    std::function<absl::StatusOr<std::shared_ptr<ServerLink>>(const std::string& address)> make_link;
    std::function<void()> on_fenced;
    // An error of the model is one of the device that it computes on: it is handed on here, and nothing is computed any
    // more.
    std::function<bool(const absl::Status& error)> on_compute_error;
  };
  // `client`, the row sources and the clock have to outlive the pipeline. The client is used by nobody else, and
  // cancelled in the end. `models`: one a device, at least one.
  WorkPipeline(Options options, std::vector<std::unique_ptr<Model>> models, SchedulerClient& client,
               const Clock& clock);
  // Drops everything, waits for the threads and for calls to end.
  ~WorkPipeline();

  // What the scheduler wants by now. Work begins with the first one. InvalidArgument: its layout makes no sense, or a
  // server's address does not.
  absl::Status Update(const v1::Assignment& assignment);
  void Stop();
  // What was done so far, for monitoring. Bytes are those of the reports so far.
  void AddMetrics(MetricSet* metrics);

 private:
  struct Payload {
    v1::Lease lease;
    Unit unit;                                         // once it was read
    std::shared_ptr<const std::vector<uint64_t>> ids;  // of `unit`
    std::shared_ptr<PullAttempt> pull;
    uint64_t pull_attempt = 0;
    std::shared_ptr<const Gradient> gradient;  // once it was computed
    std::shared_ptr<PushAttempt> push;
    uint64_t push_attempt = 0;
    double seconds_reading = 0;
    absl::Duration push_begin;
    UnitTimes times;
  };
  using Action = std::function<void()>;
  using Payloads = std::map<uint64_t, std::shared_ptr<Payload>>;

  // Gives the core an event, and carries out what it wants.
  void Step(const std::function<void(absl::Duration now)>& event);
  // REQUIRES: mutex_ held. What is left to do without it.
  std::vector<Action> TakeActions();
  Action Start(CallLease& effect);
  Action Start(Report& effect);
  Action Start(Read& effect);
  Action Start(Pull& effect);
  // REQUIRES: mutex_ held. A server has answered a pull.
  void NoteAnswer(uint64_t unit, uint64_t attempt, const v1::ServedTime& served, absl::Duration called,
                  absl::Duration now);
  Action Start(Compute& effect);
  Action Start(Push& effect);
  Action Start(Drop& effect);
  Action Start(Fenced& effect);
  Action Start(FailJob& effect);

  void KeepTime();
  void ReadRows(uint64_t number, const std::shared_ptr<Payload>& payload);
  void ComputeOne(uint64_t number, const std::shared_ptr<Payload>& payload);
  // The unit has read or trained one more batch of a lane. False: nobody wants it any more.
  bool LaneBatch(uint64_t number);
  void ComputeLoop();
  // The thread that computes takes up the unit: what it waited for.
  void CountWait(absl::Duration now, const Payload& payload);
  // The unit is over, for what it left in feedback_.
  void EndFeedback(uint64_t unit);
  // nullptr: the job has none.
  std::unique_ptr<RingExchange> MakeRing();
  void LogRefusal(const char* what, const std::string& server, const absl::Status& status) const;
  absl::StatusOr<std::shared_ptr<const Peers>> Connect(const v1::Layout& layout);

  const Options options_;
  DeviceTeam devices_;  // of the thread that computes
  SchedulerClient& client_;
  const Clock& clock_;

  std::mutex update_mutex_;                                   // held during Update
  std::map<std::string, std::shared_ptr<ServerLink>> links_;  // GUARDED_BY(update_mutex_): by address

  std::mutex mutex_;
  std::condition_variable changed_;
  WorkCore core_;                       // GUARDED_BY(mutex_)
  std::shared_ptr<const Peers> peers_;  // GUARDED_BY(mutex_): of the core's layout
  Payloads payloads_;                   // GUARDED_BY(mutex_)
  v1::WorkerUse use_;                   // GUARDED_BY(mutex_): not yet reported
  WorkerTimes times_;                   // GUARDED_BY(mutex_): likewise
  WorkCounts counts_;                   // GUARDED_BY(mutex_)
  absl::Duration wake_;                 // GUARDED_BY(mutex_): when KeepTime wakes up
  bool was_alone_ = false;              // GUARDED_BY(mutex_)
  bool stopped_ = false;                // GUARDED_BY(mutex_)
  std::atomic<uint64_t> bytes_pulled_{0}, bytes_pushed_{0};

  std::mutex feedback_mutex_;  // taken after mutex_, where both are
  ErrorFeedback feedback_;     // GUARDED_BY(feedback_mutex_)

  absl::Duration idle_since_;  // of the thread that computes, and its alone
  BoundedQueue<Action> reads_{64}, computes_{64}, pushes_{1024};
  const std::unique_ptr<RingExchange> ring_;  // before exchange_, whose calls end in it
  PsExchange exchange_;
  std::vector<std::thread> threads_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_WORK_PIPELINE_H_
