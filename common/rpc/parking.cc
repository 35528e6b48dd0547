#include "common/rpc/parking.h"

#include <algorithm>
#include <utility>

namespace pumasi {

Parking::Parking(size_t most) : most_(most), thread_([this] { Run(); }) {}

Parking::~Parking() {
  Close();
  thread_.join();
}

void Parking::Park(TimePoint deadline, const Attempt& attempt) {
  if (!TryPark(deadline, attempt)) attempt(true);
}

bool Parking::TryPark(TimePoint deadline, const Attempt& attempt) {
  std::unique_lock lock(mutex_);
  if (closed_) {
    lock.unlock();
    attempt(true);
    return true;
  }
  if (calls_ >= most_) return false;
  arrived_.push_back({deadline, attempt});
  ++calls_;
  wake_.notify_one();
  return true;
}

void Parking::Retry() {
  std::lock_guard lock(mutex_);
  // Most often nobody waits; whoever comes gets an attempt at once.
  if (calls_ == 0) return;
  retry_ = true;
  wake_.notify_one();
}

void Parking::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  wake_.notify_one();
}

void Parking::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    TimePoint next = TimePoint::max();
    for (const Waiting& call : waiting_) next = std::min(next, call.deadline);
    const auto something = [this] { return closed_ || retry_ || !arrived_.empty(); };
    if (next == TimePoint::max()) {
      wake_.wait(lock, something);
    } else {
      wake_.wait_until(lock, next, something);
    }
    const bool closing = closed_, all = retry_ || closed_;
    retry_ = false;
    std::list<Waiting> fresh = std::move(arrived_);
    arrived_.clear();
    lock.unlock();
    const TimePoint now = std::chrono::steady_clock::now();
    const auto answered = [&](Waiting& call) {
      const bool last = closing || call.deadline <= now;
      return call.attempt(last) || last;
    };
    waiting_.remove_if([&](Waiting& call) { return (all || call.deadline <= now) && answered(call); });
    fresh.remove_if(answered);
    waiting_.splice(waiting_.end(), fresh);
    lock.lock();
    calls_ = waiting_.size() + arrived_.size();
    if (closing && arrived_.empty()) return;
  }
}

namespace {

template <typename Clock>
Parking::TimePoint AnswerWithin(std::chrono::time_point<Clock> deadline, std::chrono::milliseconds longest) {
  using namespace std::chrono;
  const auto left = duration_cast<milliseconds>(std::min<typename Clock::duration>(deadline - Clock::now(), hours(24)));
  const auto margin = std::min<milliseconds>(left / 4, milliseconds(250));
  return steady_clock::now() + std::clamp(left - margin, milliseconds(0), longest);
}

}  // namespace

Parking::TimePoint AnswerBy(std::chrono::system_clock::time_point grpc_deadline, std::chrono::milliseconds longest) {
  return AnswerWithin(grpc_deadline, longest);
}
Parking::TimePoint AnswerBy(Parking::TimePoint deadline, std::chrono::milliseconds longest) {
  return AnswerWithin(deadline, longest);
}

}  // namespace pumasi
