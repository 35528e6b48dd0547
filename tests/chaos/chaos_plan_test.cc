#include <catch2/catch.hpp>
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
  for (FaultKind kind : {FaultKind::kKill, FaultKind::kStop, FaultKind::kSlow})
    CHECK(FaultOfName(FaultName(kind)).value() == kind);
  CHECK(absl::IsInvalidArgument(FaultOfName("burn").status()));
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
}

}  // namespace pumasi
