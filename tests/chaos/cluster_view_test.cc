#include "tools/chaos/cluster_view.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tools/chaos/duty_cycle.h"

namespace pumasi {
namespace {

struct NodeLine {
  std::string name;
  uint64_t incarnation;
  bool alive = true;
  std::string note = "";
};

ClusterView View(double at, const std::vector<NodeLine>& nodes, uint64_t leases = 0, uint64_t version = 0,
                 v1::JobState state = v1::TRAINING) {
  ClusterView view;
  view.asked = at;
  view.answered = at + 0.25;
  view.leases = leases;
  view.job.set_state(state);
  view.job.mutable_progress()->set_version(version);
  for (const NodeLine& line : nodes) {
    v1::NodeStatus& node = view.nodes.emplace_back();
    node.mutable_node()->set_name(line.name);
    node.mutable_node()->set_incarnation(line.incarnation);
    node.set_alive(line.alive);
    node.set_note(line.note);
  }
  return view;
}

}  // namespace

TEST_CASE("a node died if it is said to be dead, or another process has its name; not if it took its leave") {
  DeathLog log;
  log.Saw(View(0, {{"a", 1}, {"b", 2}, {"c", 3}}));
  log.Saw(View(1, {{"a", 1}, {"b", 2}, {"c", 3, false, "left"}, {"d", 4, false, "silent"}}));  // d: never seen alive
  CHECK(log.deaths().empty());
  log.Saw(View(2, {{"a", 1, false, "silent"}, {"b", 20}}));
  log.Saw(View(3, {{"a", 1, false, "silent"}, {"b", 20}}));
  log.Saw(View(4, {{"a", 10}, {"b", 20}, {"c", 30}}));  // back under their names
  REQUIRE(log.deaths().size() == 2);
  CHECK(log.deaths()[0].node == "a");
  CHECK(log.deaths()[0].at == 2.25);
  CHECK(log.deaths()[1].node == "b");
}

TEST_CASE("a scheduler is back with its first new lease, or when the job needs none") {
  ReturnTimer timer;
  CHECK_FALSE(timer.Saw(View(1, {}, 5)).has_value());
  timer.Begin(2);
  CHECK_FALSE(timer.Saw(View(1.9, {}, 5)).has_value());  // asked of the one before
  CHECK_FALSE(timer.Saw(View(2.1, {}, 7)).has_value());  // what it read from its database
  CHECK_FALSE(timer.Saw(View(2.5, {}, 7)).has_value());
  CHECK(timer.Saw(View(3, {}, 8)).value() == 1.25);
  CHECK_FALSE(timer.Saw(View(4, {}, 9)).has_value());  // once
  timer.Begin(5);
  CHECK(timer.Saw(View(5.5, {}, 9, 0, v1::DONE)).value() == 0.75);
}

TEST_CASE("a cluster is stable when all nodes live, the job trains with all copies, and a batch is done") {
  StableTimer timer(2);
  const std::vector<NodeLine> both = {{"a", 1}, {"b", 2}};
  timer.Begin(10);
  CHECK_FALSE(timer.Saw(View(9, both, 0, 50)).has_value());
  CHECK_FALSE(timer.Saw(View(10, both, 0, 50)).has_value());                         // its database
  CHECK_FALSE(timer.Saw(View(11, both, 0, 20, v1::RECOVERING)).has_value());         // back at a checkpoint
  CHECK_FALSE(timer.Saw(View(12, both, 0, 20)).has_value());                         // no batch yet
  CHECK_FALSE(timer.Saw(View(13, {{"a", 1}, {"b", 2, false}}, 0, 21)).has_value());  // one is missing
  ClusterView bare = View(14, both, 0, 21);
  bare.job.set_slots_without_backup(3);
  CHECK_FALSE(timer.Saw(bare).has_value());
  CHECK(timer.Saw(View(15, both, 0, 21)).value() == 5.25);
  CHECK_FALSE(timer.runs());
  timer.Begin(20);
  CHECK(timer.Saw(View(21, {}, 0, 50, v1::FAILED)).has_value());
}

TEST_CASE("a worker gets its share of the time, however late it is stopped and woken") {
  for (const double share : {0.1, 0.5, 1.0}) {
    for (const double late : {0.0, 0.003, 0.02}) {
      CAPTURE(share, late);
      double now = 100, ran = 0;
      DutyCycle cycle(share, now);
      bool runs = true;
      while (now < 120) {
        const double next = cycle.next() + late;
        if (runs) ran += next - now;
        now = next;
        runs = cycle.Runs(now);
      }
      CHECK(ran / (now - 100) == Approx(share).margin(0.02));
      CHECK(cycle.share() == Approx(ran / (now - 100)));
    }
  }
}

}  // namespace pumasi
