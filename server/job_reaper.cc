#include "server/job_reaper.h"

#include <utility>

#include "common/log.h"

namespace pumasi {

JobReaper::JobReaper() : thread_([this] { Run(); }) {}

JobReaper::~JobReaper() {
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

bool JobReaper::End(const std::string& name, std::function<void()> end, std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  const uint64_t number = ++given_;
  waiting_.push_back(std::move(end));
  changed_.notify_all();
  if (!slow_) changed_.wait_for(lock, patience, [&] { return ended_ >= number; });
  if (ended_ >= number) return true;
  slow_ = true;
  lock.unlock();
  Log(Severity::kWarn, "the job's threads have not ended yet: its disk, or a call, does not answer", {{"job", name}});
  return false;
}

void JobReaper::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    {
      const std::function<void()> end = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      end();
    }
    lock.lock();
    ++ended_;
    if (ended_ == given_) slow_ = false;
    changed_.notify_all();
  }
}

}  // namespace pumasi
