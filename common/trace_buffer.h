// Events of a trace until they are told: bounded, the latest stay.
#ifndef PUMASI_COMMON_TRACE_BUFFER_H_
#define PUMASI_COMMON_TRACE_BUFFER_H_

#include <algorithm>
#include <cstdint>
#include <deque>
#include <utility>

#include "absl/time/time.h"
#include "proto/time_use.pb.h"

namespace pumasi {

// Not thread-safe.
class TraceBuffer {
 public:
  explicit TraceBuffer(size_t most = 8192) : most_(most) {}

  void Add(v1::TraceEvent event, absl::Duration begin, absl::Duration end) {
    event.set_begin_micros(absl::ToInt64Microseconds(begin));
    event.set_micros(static_cast<uint64_t>(absl::ToInt64Microseconds(std::max(end - begin, absl::ZeroDuration()))));
    events_.push_back(std::move(event));
    if (events_.size() <= most_) return;
    events_.pop_front();
    ++dropped_;
  }
  bool empty() const { return events_.empty() && dropped_ == 0; }

  // Moves the oldest events to a report of `now`, as many as it should hold, and how many found no room.
  void Take(absl::Duration now, v1::TimeUse* report) {
    constexpr int kInReport = 4096;  // about 120 kB
    if (empty()) return;
    for (int i = 0; i < kInReport && !events_.empty(); ++i) {
      *report->add_events() = std::move(events_.front());
      events_.pop_front();
    }
    report->set_events_dropped(std::exchange(dropped_, 0));
    report->set_clock_micros(absl::ToInt64Microseconds(now));
  }

 private:
  const size_t most_;
  std::deque<v1::TraceEvent> events_;
  uint64_t dropped_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_TRACE_BUFFER_H_
