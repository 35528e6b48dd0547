// Calls that wait at this process for its state to change: long polls, pulls of a version that is to come. They hold no
// thread while they wait, and none waits past its deadline.
#ifndef PUMASI_COMMON_RPC_PARKING_H_
#define PUMASI_COMMON_RPC_PARKING_H_

#include <chrono>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace pumasi {

// Thread-safe. Attempts run one at a time in the parking's own thread.
class Parking {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  // Tries to answer the call. `last`: its deadline came, or the parking closes; it has to be answered now.
  // Returns whether the call was answered; it is forgotten then.
  using Attempt = std::function<bool(bool last)>;

  // `most`: calls that wait at a time.
  explicit Parking(size_t most = 1 << 16);
  // Gives every waiting call its last attempt.
  ~Parking();

  // The first attempt is made at once, in the parking's thread. Where as many wait as may, the call gets one attempt
  // here and now, with `last` set.
  void Park(TimePoint deadline, const Attempt& attempt);
  // Likewise, but where as many wait as may the call is not touched, and the answer is false.
  bool TryPark(TimePoint deadline, const Attempt& attempt);
  // The state changed: every waiting call is attempted soon.
  void Retry();
  // As the destructor; later calls of Park get one attempt, with `last` set.
  void Close();

 private:
  struct Waiting {
    TimePoint deadline;
    Attempt attempt;
  };
  void Run();

  const size_t most_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::list<Waiting> arrived_;  // GUARDED_BY(mutex_)
  size_t calls_ = 0;            // GUARDED_BY(mutex_): that wait, arrived_ among them
  bool retry_ = false;          // GUARDED_BY(mutex_)
  bool closed_ = false;         // GUARDED_BY(mutex_)
  std::list<Waiting> waiting_;  // the thread's own
  std::thread thread_;
};

// The time at which a call with this deadline should be answered: a little before the caller stops listening, and
// `longest` from now at most. gRPC's deadlines are times of day.
Parking::TimePoint AnswerBy(std::chrono::system_clock::time_point grpc_deadline, std::chrono::milliseconds longest);
Parking::TimePoint AnswerBy(Parking::TimePoint deadline, std::chrono::milliseconds longest);

}  // namespace pumasi

#endif  // PUMASI_COMMON_RPC_PARKING_H_
