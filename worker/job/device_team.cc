#include "worker/job/device_team.h"

#include <utility>

namespace pumasi {

DeviceTeam::DeviceTeam(std::vector<std::unique_ptr<Model>> models) : models_(std::move(models)) {
  for (size_t device = 1; device < models_.size(); ++device) {
    threads_.emplace_back([this, device] { Loop(device); });
  }
}

DeviceTeam::~DeviceTeam() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    begun_.notify_all();
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::Status DeviceTeam::Run(size_t count, const Work& work) {
  if (threads_.empty() || count < 2) {
    for (size_t item = 0; item < count; ++item) {
      if (absl::Status status = work(*models_[0], item); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
  std::unique_lock lock(mutex_);
  work_ = &work;
  next_ = 0;
  end_ = count;
  begun_.notify_all();
  Share(0, lock);
  // Nobody begins anything any more, so whoever wakes up late keeps nobody waiting.
  ended_.wait(lock, [this] { return running_ == 0; });
  absl::Status status = std::exchange(failure_, absl::OkStatus());
  if (const std::exception_ptr thrown = std::exchange(thrown_, nullptr)) std::rethrow_exception(thrown);
  return status;
}

void DeviceTeam::Loop(size_t device) {
  std::unique_lock lock(mutex_);
  while (true) {
    begun_.wait(lock, [this] { return stopped_ || next_ < end_; });
    if (stopped_) return;
    Share(device, lock);
  }
}

void DeviceTeam::Share(size_t device, std::unique_lock<std::mutex>& lock) {
  while (next_ < end_) {
    const size_t item = next_++;
    const Work& work = *work_;
    ++running_;
    lock.unlock();
    absl::Status status;
    std::exception_ptr thrown;
    try {
      status = work(*models_[device], item);
    } catch (...) {
      thrown = std::current_exception();
    }
    lock.lock();
    --running_;
    const bool failed = !status.ok() || thrown != nullptr;
    const bool first = failure_.ok() && thrown_ == nullptr;
    if (failed && (first || item < failed_)) {
      failed_ = item;
      failure_ = std::move(status);
      thrown_ = std::move(thrown);
    }
    if (failed) end_ = next_;
  }
  if (running_ == 0) ended_.notify_one();
}

}  // namespace pumasi
