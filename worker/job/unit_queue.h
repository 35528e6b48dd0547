// The units of a worker that wait for a thread of its pipeline: the one that all workers wait for first.
#ifndef PUMASI_WORKER_JOB_UNIT_QUEUE_H_
#define PUMASI_WORKER_JOB_UNIT_QUEUE_H_

#include <condition_variable>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "proto/scheduler.pb.h"

namespace pumasi {

// Ordered by version, then by part. T has a member `lease`. A unit of an earlier batch may arrive after those of later
// batches, when the worker that had it died; it must overtake them, since they cannot begin before it is done. Length
// is bounded by the leases that the scheduler gives. Thread-safe; waits end with an item or Close.
template <typename T>
class UnitQueue {
 public:
  void Push(T item) {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    const Key key = KeyOf(item.lease);
    items_.emplace(key, std::move(item));
    changed_.notify_one();
  }

  // Waits for the first item. False: closed.
  bool Pop(T* item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !items_.empty(); });
    if (closed_) return false;
    *item = std::move(items_.begin()->second);
    items_.erase(items_.begin());
    return true;
  }

  // Does an item wait that stands before this lease in time: of an earlier version?
  bool HasBefore(const v1::Lease& lease) const {
    std::lock_guard lock(mutex_);
    return !items_.empty() && std::get<0>(items_.begin()->first) < lease.version();
  }

  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  using Key = std::tuple<uint64_t, uint32_t, uint64_t>;
  static Key KeyOf(const v1::Lease& lease) { return {lease.version(), lease.first_part(), lease.token()}; }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<Key, T> items_;  // GUARDED_BY(mutex_)
  bool closed_ = false;     // GUARDED_BY(mutex_)
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_UNIT_QUEUE_H_
