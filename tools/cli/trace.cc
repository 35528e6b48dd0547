#include "tools/cli/trace.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/stage_times.h"
#include "tools/cli/json.h"

namespace pumasi {
namespace {

// Tracks of one stage; what would need more of them overlaps.
constexpr uint32_t kMostTracks = 64;

using Event = v1::GetTraceResponse::Event;

// Gives each event of a stage the first track that is free when it begins.
class Tracks {
 public:
  // REQUIRES: events come by their beginning.
  uint32_t For(const Event& event) {
    std::vector<int64_t>& ends = ends_[{event.node(), event.event().stage()}];
    const auto free =
        std::find_if(ends.begin(), ends.end(), [&](int64_t end) { return end <= event.event().begin_micros(); });
    const auto track = static_cast<uint32_t>(free - ends.begin());
    const int64_t end = event.event().begin_micros() + static_cast<int64_t>(event.event().micros());
    if (track >= kMostTracks) return kMostTracks - 1;
    if (free == ends.end()) ends.push_back(0);
    ends[track] = end;
    return track;
  }
  // By node and stage: how many tracks.
  std::map<std::pair<uint32_t, int>, size_t> Counts() const {
    std::map<std::pair<uint32_t, int>, size_t> counts;
    for (const auto& [key, ends] : ends_) counts[key] = ends.size();
    return counts;
  }

 private:
  std::map<std::pair<uint32_t, int>, std::vector<int64_t>> ends_;  // of the last event on each track
};

uint32_t ProcessOf(uint32_t node) { return node + 1; }
uint32_t ThreadOf(int stage, uint32_t track) { return static_cast<uint32_t>(stage) * kMostTracks + track; }

Json Metadata(const char* what, uint32_t process, uint32_t thread, Json arguments) {
  return {{"name", what}, {"ph", "M"}, {"pid", process}, {"tid", thread}, {"args", std::move(arguments)}};
}

Json EventJson(const Event& event, uint32_t track, int64_t begin) {
  const v1::TraceEvent& what = event.event();
  Json arguments = {{"version", what.version()}};
  if (what.end_part() > what.first_part()) {
    arguments["parts"] = what.end_part() == what.first_part() + 1
                             ? absl::StrCat(what.first_part())
                             : absl::StrCat(what.first_part(), "-", what.end_part() - 1);
  }
  if (what.evaluation()) arguments["evaluation"] = true;
  if (what.waited_micros() > 0) arguments["waited_us"] = what.waited_micros();
  return {{"name", StageName(what.stage())},   {"ph", "X"},
          {"ts", what.begin_micros() - begin}, {"dur", what.micros()},
          {"pid", ProcessOf(event.node())},    {"tid", ThreadOf(what.stage(), track)},
          {"args", std::move(arguments)}};
}

}  // namespace

std::string TraceJson(const v1::GetTraceResponse& trace) {
  std::vector<const Event*> events;
  for (const Event& event : trace.events()) {
    const bool known = event.node() < static_cast<uint32_t>(trace.nodes_size());
    if (known && *StageName(event.event().stage()) != '\0') events.push_back(&event);
  }
  const auto key = [](const Event* event) {
    return std::tuple(event->event().begin_micros(), event->node(), event->event().stage(), event->event().version());
  };
  std::stable_sort(events.begin(), events.end(), [&](const Event* a, const Event* b) { return key(a) < key(b); });
  std::string text = absl::StrCat("{\"displayTimeUnit\":\"ms\",\"otherData\":{\"dropped_events\":", trace.dropped(),
                                  "},\"traceEvents\":[");
  const char* comma = "\n";
  const auto add = [&](const Json& json) { absl::StrAppend(&text, std::exchange(comma, ",\n"), ToLine(json)); };
  for (uint32_t node = 0; node < static_cast<uint32_t>(trace.nodes_size()); ++node) {
    const auto& about = trace.nodes(static_cast<int>(node));
    const std::string role = absl::AsciiStrToLower(absl::StripPrefix(v1::Role_Name(about.role()), "ROLE_"));
    add(Metadata("process_name", ProcessOf(node), 0, {{"name", about.name()}}));
    add(Metadata("process_labels", ProcessOf(node), 0, {{"labels", role}}));
    add(Metadata("process_sort_index", ProcessOf(node), 0, {{"sort_index", about.role() == v1::ROLE_SERVER ? 1 : 0}}));
  }
  const int64_t begin = events.empty() ? 0 : events.front()->event().begin_micros();
  Tracks tracks;
  for (const Event* event : events) add(EventJson(*event, tracks.For(*event), begin));
  for (const auto& [where, count] : tracks.Counts()) {
    for (uint32_t track = 0; track < count; ++track) {
      const uint32_t process = ProcessOf(where.first), thread = ThreadOf(where.second, track);
      const char* name = StageName(static_cast<v1::Stage>(where.second));
      add(Metadata("thread_name", process, thread, {{"name", name}}));
      add(Metadata("thread_sort_index", process, thread, {{"sort_index", thread}}));
    }
  }
  absl::StrAppend(&text, "\n]}\n");
  return text;
}

}  // namespace pumasi
