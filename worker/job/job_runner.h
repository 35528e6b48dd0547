// One job on this worker: reads its data, tells the scheduler, and then works on units (work_pipeline.h).
#ifndef PUMASI_WORKER_JOB_JOB_RUNNER_H_
#define PUMASI_WORKER_JOB_JOB_RUNNER_H_

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "common/metrics/metric_set.h"
#include "proto/scheduler.grpc.pb.h"
#include "worker/input/prepare.h"
#include "worker/job/scheduler_client.h"
#include "worker/job/work_pipeline.h"

namespace pumasi {

// Thread-safe.
class JobRunner {
 public:
  struct Options {
    uint64_t incarnation = 0;
    std::string data_root;
    std::string cache;
    int input_threads = 1;
    // To compute on, side by side, at least one: numbers of CUDA devices, or the processor where there is none.
    std::vector<std::optional<int>> devices{std::nullopt};
    std::chrono::milliseconds call_timeout{5000};
    std::function<absl::StatusOr<std::shared_ptr<ServerLink>>(const std::string& address)> make_link;
    // Where this worker listens for the others of a ring (allreduce: {reduction: ring}), without TLS; or why it must
    // not.
    std::function<absl::StatusOr<std::string>()> ring_host;
    // The scheduler or a server said that this incarnation is dead.
    std::function<void()> on_fenced;
    // The device is of no more use to this process: it should leave, so that others do its units.
    std::function<void(const std::string& error)> on_broken_device;
  };
  // `scheduler` has to outlive the runner.
  JobRunner(const Options& options, const v1::Assignment& assignment, v1::Scheduler::StubInterface& scheduler);
  // Drops the job: ends what is in progress and waits for the threads.
  ~JobRunner();

  void Update(const v1::Assignment& assignment);
  // What was done so far, for monitoring; nothing before training.
  void AddMetrics(MetricSet* metrics);

 private:
  void Run();
  absl::StatusOr<Prepared> Prepare();
  // Tells the scheduler what was found until training begins. False: the job is over for this worker.
  bool Announce(const Prepared& prepared);
  // Once, with the vocabulary's files if they are wanted. `told`: set if the scheduler has taken it.
  absl::Status Tell(const Prepared& prepared, bool* told);
  // One a device, but no more than a batch has parts.
  absl::StatusOr<std::vector<std::unique_ptr<Model>>> MakeModels(const v1::Assignment& assignment) const;
  // The pipeline for what the servers hold by now.
  absl::StatusOr<std::unique_ptr<WorkPipeline>> MakePipeline(const v1::Assignment& assignment,
                                                             const Prepared& prepared);
  // Until the job is dropped.
  void Train(const Prepared& prepared);
  void Stop();
  bool stopped() const { return stopped_; }

  const Options options_;
  const std::string job_id_;
  SchedulerClient client_;

  std::mutex mutex_;
  std::condition_variable changed_;
  v1::Assignment assignment_;               // GUARDED_BY(mutex_)
  bool updated_ = false;                    // GUARDED_BY(mutex_): since Train looked
  std::unique_ptr<WorkPipeline> pipeline_;  // GUARDED_BY(mutex_): Train's alone to change, and to use without the lock
  std::atomic<bool> stopped_{false};
  std::thread thread_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_JOB_RUNNER_H_
