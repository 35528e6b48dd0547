#include "tests/simulation/world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "tests/simulation/node.h"

namespace pumasi::sim {
namespace {

// A run takes some ten thousand.
constexpr uint64_t kMostSteps = 3000000;

}  // namespace

void World::Add(Nanos at, Node* node, uint64_t life, std::function<void()> run) {
  heap_.push_back({std::max(at, now_), ++sequence_, node, life, std::move(run)});
  std::push_heap(heap_.begin(), heap_.end());
}

void World::At(Nanos at, Node& node, std::function<void()> run) { Add(at, &node, node.life(), std::move(run)); }

void World::Thaw(Node& node) {
  std::vector<Event> others;
  for (Event& event : frozen_) {
    if (event.node == &node) {
      Add(now_, event.node, event.life, std::move(event.run));
    } else {
      others.push_back(std::move(event));
    }
  }
  frozen_ = std::move(others);
}

bool World::Step() {
  while (!heap_.empty() && !failed()) {
    std::pop_heap(heap_.begin(), heap_.end());
    Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.at;
    if (++steps_ > kMostSteps) {
      Fail(absl::StrCat("it does not come to an end; the last event is ",
                        event.node == nullptr ? "the world's" : event.node->name()));
    }
    if (event.node != nullptr) {
      if (!event.node->up() || event.node->life() != event.life) continue;
      if (event.node->frozen()) {
        frozen_.push_back(std::move(event));
        continue;
      }
    }
    nothing_ = false;
    event.run();
    if (nothing_) continue;
    ++events_;
    if (event.node != nullptr && event.node->up() && !failed()) event.node->AfterEvent();
    return !failed();
  }
  return false;
}

void World::Fail(const std::string& what) {
  if (failed()) return;
  failure_ = absl::StrCat(what, " (at ", now_ / kMicrosecond, " us, event ", events_, ")");
  Trace("FAILED: ", what);
}

void World::Print(const std::string& line) const {
  std::printf("%12.6f %s\n", static_cast<double>(now_) / kSecond, line.c_str());
}

}  // namespace pumasi::sim
