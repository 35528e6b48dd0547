// The simulated world: one heap of events by (time, sequence), run by one thread. Everything that happens, happens in
// an event; what an event does takes no time. So a run is a function of its seed.
#ifndef PUMASI_TESTS_SIMULATION_WORLD_H_
#define PUMASI_TESTS_SIMULATION_WORLD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/simulation/random.h"

namespace pumasi::sim {

// Of the world's own time, which no node sees: nanoseconds since its start.
using Nanos = int64_t;
inline constexpr Nanos kMicrosecond = 1000, kMillisecond = 1000 * kMicrosecond, kSecond = 1000 * kMillisecond;

class Node;

class World {
 public:
  World(uint64_t seed, bool trace) : random_(seed), trace_(trace) {}
  World(const World&) = delete;

  Nanos now() const { return now_; }
  uint64_t events() const { return events_; }
  Random Stream(absl::string_view name) const { return random_.Stream(name); }

  // `run` at `at` (now, if that is past). Of a node: only while it has this life; a frozen node runs it when it thaws.
  void At(Nanos at, std::function<void()> run) { Add(at, nullptr, 0, std::move(run)); }
  void At(Nanos at, Node& node, std::function<void()> run);
  // What a frozen node left undone.
  void Thaw(Node& node);
  // The event that runs turned out to be none: a deadline of a call that was answered.
  void NothingHappened() { nothing_ = true; }

  // Runs the next event. False: there is none, or something went wrong.
  bool Step();

  // Something went wrong: the first message counts, and nothing more happens.
  void Fail(const std::string& what);
  bool failed() const { return !failure_.empty(); }
  const std::string& failure() const { return failure_; }

  bool tracing() const { return trace_; }
  // A line of the trace. The arguments are only looked at if there is one.
  template <typename... Args>
  void Trace(const Args&... args) {
    if (trace_) Print(absl::StrCat(args...));
  }

 private:
  struct Event {
    Nanos at;
    uint64_t sequence;
    Node* node;
    uint64_t life;
    std::function<void()> run;
    // Of the heap, whose front is the greatest.
    bool operator<(const Event& other) const { return at != other.at ? at > other.at : sequence > other.sequence; }
  };
  void Add(Nanos at, Node* node, uint64_t life, std::function<void()> run);
  void Print(const std::string& line) const;

  const Random random_;
  const bool trace_;
  Nanos now_ = 0;
  uint64_t sequence_ = 0;
  uint64_t steps_ = 0;
  uint64_t events_ = 0;
  bool nothing_ = false;
  std::vector<Event> heap_;
  std::vector<Event> frozen_;  // of nodes that stand still
  std::string failure_;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_WORLD_H_
