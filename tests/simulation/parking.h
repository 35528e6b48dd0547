// Calls that wait at a simulated process for its state to change (as common/rpc/parking.h does it with a thread).
#ifndef PUMASI_TESTS_SIMULATION_PARKING_H_
#define PUMASI_TESTS_SIMULATION_PARKING_H_

#include <algorithm>
#include <functional>
#include <list>

#include "absl/time/time.h"

namespace pumasi::sim {

class Parking {
 public:
  // Tries to answer the call. `last`: it has to be answered now. Returns whether it was.
  using Attempt = std::function<bool(bool last)>;

  // Attempts at once. Returns whether the call waits.
  bool Park(absl::Duration deadline, Attempt attempt) {
    if (attempt(false)) return false;
    waiting_.push_back({deadline, std::move(attempt)});
    return true;
  }
  void Retry(absl::Duration now) {
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      it = it->attempt(now >= it->deadline) ? waiting_.erase(it) : std::next(it);
    }
  }
  // When the first call has to be answered.
  absl::Duration NextDeadline() const {
    absl::Duration first = absl::InfiniteDuration();
    for (const Waiting& waiting : waiting_) first = std::min(first, waiting.deadline);
    return first;
  }
  void Clear() { waiting_.clear(); }
  size_t size() const { return waiting_.size(); }

 private:
  struct Waiting {
    absl::Duration deadline;
    Attempt attempt;
  };
  std::list<Waiting> waiting_;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_PARKING_H_
