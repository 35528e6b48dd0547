// What the nodes of a job did when: the latest events, on one clock.
#ifndef PUMASI_SCHEDULER_JOB_TRACE_H_
#define PUMASI_SCHEDULER_JOB_TRACE_H_

#include <cstdint>
#include <deque>
#include <vector>

#include "absl/time/time.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// Not thread-safe.
//
// Nodes tell times of their own monotonic clocks. A report's own time, compared with when it came, says how far a
// node's clock is behind; on its way it can only have become later, so the least difference of all reports is off by no
// more than the fastest of them took. Processes of one machine have one clock: a difference so small that it may be the
// way alone counts as none.
class JobTrace {
 public:
  // Differences of clocks below this count as none.
  static constexpr absl::Duration kSameClock = absl::Milliseconds(5);
  // Events in one answer.
  static constexpr int kInAnswer = 20000;
  static constexpr size_t kMost = 1000000;
  static constexpr size_t kMostNodes = 4096;

  // Keeps so many events, kMost at most. None before this is called.
  void Keep(size_t events);

  // A report of a node that came at `now`.
  void Add(const v1::Node& node, const v1::TimeUse& report, absl::Duration now);
  // Events from number `first` on.
  v1::GetTraceResponse From(uint64_t first) const;

 private:
  struct Node {
    std::string name;
    v1::Role role = v1::ROLE_UNSPECIFIED;
    uint64_t incarnation = 0;  // each process has its clock
    int64_t behind = INT64_MAX;
  };
  struct Event {
    uint32_t node;
    v1::TraceEvent event;
  };
  uint32_t IndexOf(const v1::Node& node);

  size_t most_ = 0;
  std::vector<Node> nodes_;
  std::deque<Event> events_;
  uint64_t first_ = 0;    // number of the first one
  uint64_t dropped_ = 0;  // here, and at nodes
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_JOB_TRACE_H_
