// A queue of bounded length between two threads of a pipeline.
#ifndef PUMASI_WORKER_JOB_BOUNDED_QUEUE_H_
#define PUMASI_WORKER_JOB_BOUNDED_QUEUE_H_

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace pumasi {

// Thread-safe. Waits end with room, an item, or Close, which whoever stops the pipeline calls.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t capacity) : capacity_(capacity) {}

  // Waits for room. False: closed, the item is dropped.
  bool Push(T item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || items_.size() < capacity_; });
    if (closed_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  // Waits for an item. False: closed.
  bool Pop(T* item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return closed_ || !items_.empty(); });
    if (closed_) return false;
    *item = std::move(items_.front());
    items_.pop_front();
    changed_.notify_all();
    return true;
  }

  size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }

  void Close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }

 private:
  const size_t capacity_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> items_;  // GUARDED_BY(mutex_)
  bool closed_ = false;  // GUARDED_BY(mutex_)
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_BOUNDED_QUEUE_H_
