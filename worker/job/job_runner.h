// One job on this worker: prepares the data, then runs the pipeline
//
//   lease -> read -> pull, compute -> push, report
//
// one thread each, with queues of bounded length between them.
#ifndef PUMASI_WORKER_JOB_JOB_RUNNER_H_
#define PUMASI_WORKER_JOB_JOB_RUNNER_H_

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "proto/scheduler.grpc.pb.h"
#include "worker/exchange/ps_exchange.h"
#include "worker/input/prepare.h"
#include "worker/job/bounded_queue.h"
#include "worker/job/scheduler_client.h"
#include "worker/job/unit.h"
#include "worker/job/unit_queue.h"

namespace pumasi {

// Thread-safe.
class JobRunner {
 public:
  struct Options {
    uint64_t incarnation = 0;
    std::string data_root;
    std::string cache;
    int input_threads = 1;
    std::optional<int> cuda_device;  // to compute on; the processor without it
    std::chrono::milliseconds call_timeout{5000};
    std::function<absl::StatusOr<std::shared_ptr<grpc::Channel>>(const std::string& address)> make_channel;
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

 private:
  struct LeasedUnit {
    v1::Lease lease;
  };
  void Run();
  absl::StatusOr<Prepared> Prepare();
  // Tells the scheduler what was found until training begins. False: the job is over for this worker.
  bool Announce(const Prepared& prepared);
  // Model and exchange for what the servers hold.
  absl::Status SetUp();
  void Train(const Prepared& prepared);

  void LeaseLoop();
  void ReadLoop(const Prepared& prepared);
  void ComputeLoop();
  void PushLoop();
  // What an error in the pipeline means: the unit is dropped, the job is over, or the job fails.
  void Handle(const absl::Status& status, const v1::Lease& lease);
  // The lease is the worker's no more.
  void Forget(uint64_t token);
  void ReportDone(UnitResult result);
  void Stop();
  bool stopped() const { return stopped_; }
  void AddUse(void (*add)(v1::WorkerUse&, double), double seconds);

  const Options options_;
  const std::string job_id_;
  SchedulerClient client_;

  std::mutex mutex_;
  std::condition_variable changed_;
  v1::Assignment assignment_;  // GUARDED_BY(mutex_)
  std::set<uint64_t> held_;    // GUARDED_BY(mutex_): tokens of leases that are not done or given back
  v1::WorkerUse use_;          // GUARDED_BY(mutex_): not yet reported
  std::atomic<bool> stopped_{false};

  // Of the training, set before its threads start.
  WorkShape shape_;
  std::vector<v1::TableSpec> tables_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<PsExchange> exchange_;

  UnitQueue<LeasedUnit> leases_;
  UnitQueue<Unit> units_;
  BoundedQueue<UnitResult> results_{2};
  std::thread thread_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_JOB_RUNNER_H_
