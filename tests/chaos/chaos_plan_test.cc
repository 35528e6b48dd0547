#include <catch2/catch.hpp>
#include <cmath>
#include <set>

#include "tools/chaos/fault_plan.h"
#include "tools/chaos/stalls.h"

namespace pumasi {
namespace {

FaultPlan Plan(uint64_t seed) {
  FaultPlan::Options options;
  options.seed = seed;
  options.every = 5;
  options.kinds = {FaultKind::kKill, FaultKind::kStop, FaultKind::kSlow};
  options.targets = {"scheduler", "server-0", "server-1", "worker-0"};
  return FaultPlan(options);
}

}  // namespace

TEST_CASE("the same seed gives the same faults, another one others") {
  FaultPlan a = Plan(7), b = Plan(7), c = Plan(8);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const Fault x = a.Next(), y = b.Next(), z = c.Next();
    CHECK((x.at == y.at && x.kind == y.kind && x.target == y.target && x.seconds == y.seconds));
    differs = differs || x.target != z.target;
  }
  CHECK(differs);
}

TEST_CASE("faults come about as often as asked, of every kind and to everybody") {
  FaultPlan plan = Plan(1);
  std::set<FaultKind> kinds;
  std::set<size_t> targets;
  double last = 0;
  for (int i = 0; i < 200; ++i) {
    const Fault fault = plan.Next();
    CHECK(fault.at - last >= 2.5);
    CHECK(fault.at - last <= 7.5);
    CHECK(fault.seconds >= 0);
    CHECK(fault.seconds <= 6);
    REQUIRE(fault.target < plan.options().targets.size());
    kinds.insert(fault.kind);
    targets.insert(fault.target);
    last = fault.at;
  }
  CHECK(last == Approx(1000).epsilon(0.1));
  CHECK(kinds.size() == 3);
  CHECK(targets.size() == 4);
}

TEST_CASE("a fault's name finds it, and no other name does") {
  for (FaultKind kind : kAllFaults) CHECK(FaultOfName(FaultName(kind)).value() == kind);
  CHECK(absl::IsInvalidArgument(FaultOfName("burn").status()));
}

TEST_CASE("faults of the network come in all their forms") {
  FaultPlan::Options options;
  options.targets = {"scheduler", "server-0", "worker-0"};
  for (FaultKind kind : kAllFaults) {
    if (OnNetwork(kind)) options.kinds.push_back(kind);
  }
  FaultPlan plan(options);
  std::set<FaultKind> kinds;
  std::set<bool> directions;
  std::set<double> losses;
  for (int i = 0; i < 300; ++i) {
    const Fault fault = plan.Next();
    CAPTURE(i, FaultName(fault.kind), fault.target, fault.peer);
    kinds.insert(fault.kind);
    CHECK((fault.kind == FaultKind::kPartial) == (fault.peer != fault.target));
    CHECK(fault.peer < options.targets.size());
    if (fault.kind == FaultKind::kOneWay) directions.insert(fault.outgoing);
    if (fault.kind == FaultKind::kLoss) losses.insert(fault.loss);
  }
  CHECK(kinds.size() == 4);
  CHECK(directions.size() == 2);
  CHECK(losses == std::set<double>{0.01, 0.05, 0.2});
}

TEST_CASE("after so many faults that happened no more come") {
  FaultPlan::Options options;
  options.kinds = {FaultKind::kKill};
  options.targets = {"scheduler"};
  options.most = 3;
  FaultPlan plan(options), all_happen(options);
  for (int i = 0; i < 5; ++i) {
    const Fault fault = plan.Next();
    REQUIRE(std::isfinite(fault.at));
    // Two find nobody to hit. They change nothing of those that follow.
    if (i % 2 == 0) plan.Happened();
    if (i >= 3) continue;
    CHECK(all_happen.Next().at == fault.at);
    all_happen.Happened();
  }
  for (int i = 0; i < 3; ++i) CHECK(std::isinf(plan.Next().at));
  CHECK(std::isinf(all_happen.Next().at));
}

TEST_CASE("stalls are the gaps between batches; pauses and batches done again are none") {
  Stalls stalls;
  CHECK(stalls.Quantile(0.5) == 0);
  stalls.Seen(10, 1);
  CHECK(stalls.count() == 0);
  stalls.Seen(11, 2);    // 1 s
  stalls.Seen(11.5, 2);  // no news
  stalls.Seen(12, 1);    // back at a checkpoint
  stalls.Seen(13, 2);
  stalls.Seen(15, 3);  // 4 s since batch 2 was done first
  stalls.Pause();
  stalls.Seen(30, 4);
  stalls.Seen(30.5, 6);  // 0.5 s
  REQUIRE(stalls.count() == 3);
  CHECK(stalls.Quantile(0) == 0.5);
  CHECK(stalls.Quantile(0.5) == 1);
  CHECK(stalls.Quantile(0.99) == 4);
  CHECK(stalls.Quantile(1) == 4);
  CHECK(stalls.LongestAt(9, 10) == 0);
  CHECK(stalls.LongestAt(10.5, 10.6) == 1);
  CHECK(stalls.LongestAt(10.5, 11.1) == 4);
  CHECK(stalls.LongestAt(15, 100) == 0.5);
}

}  // namespace pumasi
