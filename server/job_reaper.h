// Where jobs that a server has dropped come to their end.
#ifndef PUMASI_SERVER_JOB_REAPER_H_
#define PUMASI_SERVER_JOB_REAPER_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace pumasi {

// A job's end waits for its threads, and one of them may be writing to a disk that does not answer: whoever drops jobs,
// and has heartbeats to send, must not wait for that for ever. Thread-safe.
class JobReaper {
 public:
  JobReaper();
  // Waits until all that was given has ended.
  ~JobReaper();

  // Has `end` called, after those that came before, and waits for that, at most for `patience`; not at all while an
  // earlier one takes longer than that. False: it has not ended yet; the log says so, with `name`.
  bool End(const std::string& name, std::function<void()> end, std::chrono::milliseconds patience);

 private:
  void Run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> waiting_;  // GUARDED_BY(mutex_)
  uint64_t given_ = 0, ended_ = 0;             // GUARDED_BY(mutex_)
  bool slow_ = false;                          // GUARDED_BY(mutex_): somebody's patience came to an end
  bool stopped_ = false;                       // GUARDED_BY(mutex_)
  std::thread thread_;
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_JOB_REAPER_H_
