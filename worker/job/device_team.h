// A job's model on every device of a worker, so that they compute parts of a unit side by side.
#ifndef PUMASI_WORKER_JOB_DEVICE_TEAM_H_
#define PUMASI_WORKER_JOB_DEVICE_TEAM_H_

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "worker/model/model.h"

namespace pumasi {

// Each model is used by one thread, always the same: the first one by whoever calls Run, each other one by a thread of
// the team. A team of one model has no thread, and Run is a plain loop. Not thread-safe.
class DeviceTeam {
 public:
  // One model a device, at least one; all of the same job.
  explicit DeviceTeam(std::vector<std::unique_ptr<Model>> models);
  // Ends the threads. REQUIRES: no Run is in progress.
  ~DeviceTeam();

  using Work = std::function<absl::Status(Model& model, size_t item)>;
  // Calls work for each item in [0, count), in rising order of their start, each on the next device that is free, and
  // returns when all calls have. After one that failed none is begun, but those before it have been: so the error is
  // the one of the lowest item that fails, however many devices there are. What a call throws is thrown here, likewise.
  absl::Status Run(size_t count, const Work& work);

  size_t size() const { return models_.size(); }

 private:
  void Loop(size_t device);
  // Takes items until none is left. `lock` is held at the call and after it, but not during the work.
  void Share(size_t device, std::unique_lock<std::mutex>& lock);

  const std::vector<std::unique_ptr<Model>> models_;
  std::mutex mutex_;
  std::condition_variable begun_, ended_;
  const Work* work_ = nullptr;  // GUARDED_BY(mutex_)
  size_t next_ = 0, end_ = 0;   // GUARDED_BY(mutex_): items that no device has begun
  size_t running_ = 0;          // GUARDED_BY(mutex_): items that are being computed
  size_t failed_ = 0;           // GUARDED_BY(mutex_): the lowest item that failed so far, if one has
  absl::Status failure_;        // GUARDED_BY(mutex_): its error
  std::exception_ptr thrown_;   // GUARDED_BY(mutex_): or what it threw
  bool stopped_ = false;        // GUARDED_BY(mutex_)
  std::vector<std::thread> threads_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_DEVICE_TEAM_H_
