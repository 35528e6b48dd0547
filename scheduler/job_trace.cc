#include "scheduler/job_trace.h"

#include <algorithm>

namespace pumasi {
namespace {

// A century in microseconds: sums of such times do not overflow.
constexpr int64_t kMostMicros = int64_t{100} * 366 * 86400 * 1000000;

int64_t Sane(int64_t micros) { return std::clamp<int64_t>(micros, 0, kMostMicros); }

}  // namespace

void JobTrace::Keep(size_t events) { most_ = std::min(events, kMost); }

uint32_t JobTrace::IndexOf(const v1::Node& node) {
  // Few nodes, and reports come in bulk.
  const auto known = std::find_if(nodes_.begin(), nodes_.end(),
                                  [&](const Node& other) { return other.incarnation == node.incarnation(); });
  if (known != nodes_.end()) return static_cast<uint32_t>(known - nodes_.begin());
  nodes_.push_back({node.name(), node.role(), node.incarnation()});
  return static_cast<uint32_t>(nodes_.size() - 1);
}

void JobTrace::Add(const v1::Node& node, const v1::TimeUse& report, absl::Duration now) {
  if (most_ == 0 || (report.events().empty() && report.events_dropped() == 0)) return;
  dropped_ += report.events_dropped();
  const uint32_t index = IndexOf(node);
  if (index >= kMostNodes) {
    nodes_.pop_back();
    dropped_ += static_cast<uint64_t>(report.events_size());
    return;
  }
  int64_t& behind = nodes_[index].behind;
  behind = std::min(behind, Sane(absl::ToInt64Microseconds(now)) - Sane(report.clock_micros()));
  for (const v1::TraceEvent& event : report.events()) {
    events_.push_back({index, event});
    v1::TraceEvent& kept = events_.back().event;
    kept.set_begin_micros(Sane(event.begin_micros()));
    kept.set_micros(std::min<uint64_t>(event.micros(), kMostMicros));
    kept.set_waited_micros(std::min<uint64_t>(event.waited_micros(), kept.micros()));
    if (events_.size() <= most_) continue;
    events_.pop_front();
    ++first_;
    ++dropped_;
  }
}

v1::GetTraceResponse JobTrace::From(uint64_t first) const {
  v1::GetTraceResponse response;
  const int64_t same = absl::ToInt64Microseconds(kSameClock);
  for (const Node& node : nodes_) {
    auto* out = response.add_nodes();
    out->set_name(node.name);
    out->set_role(node.role);
  }
  const uint64_t end = first_ + events_.size();
  uint64_t number = std::clamp(first, first_, end);
  for (; number < end && response.events_size() < kInAnswer; ++number) {
    const Event& event = events_[number - first_];
    auto* out = response.add_events();
    out->set_node(event.node);
    *out->mutable_event() = event.event;
    const int64_t behind = nodes_[event.node].behind;
    if (behind < 0 || behind > same) {
      out->mutable_event()->set_begin_micros(event.event.begin_micros() + behind);
    }
  }
  response.set_next(number);
  response.set_more(number < end);
  response.set_dropped(dropped_);
  return response;
}

}  // namespace pumasi
