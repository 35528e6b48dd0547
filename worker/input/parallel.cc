#include "worker/input/parallel.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace pumasi {

absl::Status TryParallel(size_t count, int threads, const std::function<absl::Status(size_t)>& work) {
  std::atomic<size_t> next{0};
  std::atomic<size_t> first_failed{count};
  std::mutex mutex;
  absl::Status failure;  // of item first_failed; guarded by mutex
  const auto loop = [&] {
    for (size_t item; (item = next.fetch_add(1)) < first_failed.load();) {
      absl::Status status = work(item);
      if (status.ok()) continue;
      const std::lock_guard<std::mutex> lock(mutex);
      if (item < first_failed.load()) {
        first_failed.store(item);
        failure = status;
      }
    }
  };
  const size_t helpers = std::min(count, static_cast<size_t>(std::max(threads, 1))) - (count > 0 ? 1 : 0);
  std::vector<std::thread> running;
  running.reserve(helpers);
  for (size_t i = 0; i < helpers; ++i) running.emplace_back(loop);
  loop();
  for (std::thread& thread : running) thread.join();
  return failure;
}

void RunParallel(size_t count, int threads, const std::function<void(size_t)>& work) {
  TryParallel(count, threads, [&](size_t item) {
    work(item);
    return absl::OkStatus();
  }).IgnoreError();
}

}  // namespace pumasi
