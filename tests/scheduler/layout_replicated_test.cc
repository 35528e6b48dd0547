// What becomes of replicated layouts when servers come, go, and finish copying.
#include "scheduler/layout_replicated.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/layout/slot_roles.h"

namespace pumasi {
namespace {

using Servers = std::set<uint64_t>;

v1::Node Server(uint64_t incarnation) {
  v1::Node node;
  node.set_name("w" + std::to_string(100 + incarnation));
  node.set_address(node.name() + ":7");
  node.set_incarnation(incarnation);
  return node;
}

// A cluster in which every wish is granted in some order.
struct Copying {
  LayoutView view;

  Copying(uint32_t servers, uint32_t slots) {
    for (uint32_t i = 1; i <= servers; ++i) Join(i);
    view.current = PlanReplicated(1, 0, slots, view.alive);
  }
  void Join(uint64_t server) {
    view.alive.push_back(Server(server));
    std::sort(view.alive.begin(), view.alive.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
    view.usable.insert(server);
    view.targets.insert(server);
  }
  void Die(uint64_t server) {
    std::erase_if(view.alive, [&](const v1::Node& node) { return node.incarnation() == server; });
    Drain(server);
  }
  void Drain(uint64_t server) {
    view.usable.erase(server);
    view.targets.erase(server);
  }
  uint64_t Of(uint32_t index) const { return view.current.servers(static_cast<int>(index)).incarnation(); }
  uint64_t Primary(uint32_t slot) const { return Of(view.current.slot_owner(static_cast<int>(slot))); }
  uint64_t Filling() const {
    const auto filling = FillingOf(view.current, 0);
    return filling ? Of(*filling) : 0;
  }
  Servers Replicas() const {
    Servers replicas;
    for (const uint32_t index : view.current.replicas()) replicas.insert(Of(index));
    return replicas;
  }
  uint32_t slots() const { return static_cast<uint32_t>(view.current.slot_owner_size()); }
  bool Alive(uint64_t server) const {
    return std::any_of(view.alive.begin(), view.alive.end(),
                       [&](const v1::Node& node) { return node.incarnation() == server; });
  }
  // Living servers with the slot: what a death may leave.
  Servers Whole(uint32_t slot) const {
    Servers whole = Replicas();
    if (Filling() != 0 && view.filled.count(slot)) whole.insert(Filling());
    std::erase_if(whole, [&](uint64_t server) { return !Alive(server); });
    return whole;
  }

  // Takes a step; what it must never do is checked. Returns slots that were lost.
  std::vector<uint32_t> Next() {
    std::vector<Servers> whole;
    std::vector<uint32_t> want_lost;
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      whole.push_back(Whole(slot));
      if (whole.back().empty()) want_lost.push_back(slot);
    }
    Servers living = Replicas();
    std::erase_if(living, [&](uint64_t server) { return !Alive(server); });
    const LayoutStep step = NextReplicated(view);
    // A whole server is enough for all slots.
    REQUIRE((step.lost == want_lost && (living.empty() || step.lost.empty())));
    if (!step.lost.empty()) return step.lost;
    REQUIRE(step.layout.epoch() == view.current.epoch() + step.changed);
    view.current = step.layout;
    view.prefetch = step.prefetch;
    if (view.may_move || step.changed) view.filled.clear(), view.failed.clear();
    REQUIRE(CheckLayout(view.current).ok());
    REQUIRE(IsReplicated(view.current));
    const Servers replicas = Replicas();
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      for (const uint64_t server : replicas) REQUIRE(whole[slot].count(server));
    }
    // Nobody that is alive loses its copy, but where it is drained and another one is there.
    const bool usable =
        std::any_of(replicas.begin(), replicas.end(), [&](uint64_t server) { return view.usable.count(server) > 0; });
    for (const uint64_t server : living) {
      REQUIRE((replicas.count(server) || (usable && !view.usable.count(server))));
    }
    if (Filling() != 0) REQUIRE(view.prefetch.empty());
    if (!view.prefetch.empty()) {
      REQUIRE(view.may_move);
      REQUIRE(view.prefetch.size() == slots());
      const uint64_t joins = view.prefetch.begin()->second.server;
      REQUIRE(view.targets.count(joins));
      REQUIRE_FALSE(replicas.count(joins));
      for (const auto& [slot, prefetch] : view.prefetch) REQUIRE(prefetch.server == joins);
    }
    return {};
  }

  // Some of what is under way gets done, or fails.
  void Progress(std::mt19937_64& random) {
    for (auto& [slot, prefetch] : view.prefetch) prefetch.done = prefetch.done || random() % 2;
    for (uint32_t slot = 0; Filling() != 0 && slot < slots(); ++slot) {
      if (random() % 3 > 0) (random() % 50 > 0 ? view.filled : view.failed).insert(slot);
    }
  }
  void ProgressAll() {
    for (auto& [slot, prefetch] : view.prefetch) prefetch.done = true;
    for (uint32_t slot = 0; Filling() != 0 && slot < slots(); ++slot) view.filled.insert(slot);
  }

  // Until nothing is left to do. Returns the steps that changed the layout.
  uint32_t Settle() {
    uint32_t changes = 0;
    for (int quiet = 0, steps = 0; quiet < 3; ++steps) {
      REQUIRE(steps < 200);
      const uint64_t epoch = view.current.epoch();
      ProgressAll();
      REQUIRE(Next().empty());
      changes += view.current.epoch() != epoch;
      quiet = view.current.epoch() != epoch || !view.prefetch.empty() ? 0 : quiet + 1;
    }
    return changes;
  }

  void CheckBalance() const {
    CHECK(Replicas() == view.usable);
    CHECK(Filling() == 0);
    uint32_t least = ~0u, most = 0;
    for (const uint64_t server : view.usable) {
      const SlotCounts counts = CountSlots(view.current, server);
      CHECK(counts.primary + counts.backup == slots());
      least = std::min(least, counts.primary);
      most = std::max(most, counts.primary);
    }
    CHECK(most - least <= 1);
    CHECK(SlotsWithoutBackup(view.current, 1) == (view.usable.size() > 1 ? 0 : slots()));
    CHECK(view.current.servers_size() == static_cast<int>(view.usable.size()));
  }
};

TEST_CASE("In the first layout all have all slots, and share the primaries evenly") {
  for (uint32_t servers = 1; servers <= 9; ++servers) {
    for (const uint32_t slots : {1, 2, 7, 20, 64}) {
      CAPTURE(servers, slots);
      Copying c(servers, slots);
      c.CheckBalance();
      // Nothing to make better.
      CHECK(c.Next().empty());
      CHECK(c.view.current.epoch() == 1);
      CHECK(c.view.prefetch.empty());
    }
  }
}

TEST_CASE("Where a server dies the others share its primaries, and nothing is copied") {
  Copying c(3, 12);
  c.Die(2);
  REQUIRE(c.Next().empty());
  CHECK(c.view.current.epoch() == 2);
  CHECK(c.view.prefetch.empty());
  c.CheckBalance();
  c.Die(1);
  REQUIRE(c.Next().empty());
  c.CheckBalance();
  c.Die(3);
  CHECK(c.Next().size() == 12);
}

TEST_CASE("A new server copies all slots ahead, fills with all of them at once, and then has its share of primaries") {
  Copying c(2, 100);
  c.Join(3);
  REQUIRE(c.Next().empty());
  CHECK(c.view.current.epoch() == 2);  // it is listed, which makes it a shard
  CHECK(c.view.prefetch.size() == 100);
  for (uint32_t slot = 0; slot < 99; ++slot) c.view.prefetch[slot].done = true;
  REQUIRE(c.Next().empty());
  CHECK(c.view.current.epoch() == 2);
  c.view.prefetch[99].done = true;
  REQUIRE(c.Next().empty());
  CHECK(c.view.current.epoch() == 3);
  CHECK(CountSlots(c.view.current, 3).filling == 100);
  for (uint32_t slot = 1; slot < 100; ++slot) c.view.filled.insert(slot);
  SECTION("it waits for the last slot") {
    REQUIRE(c.Next().empty());
    CHECK(c.view.current.epoch() == 3);
    c.ProgressAll();
    REQUIRE(c.Next().empty());
    CHECK(c.view.current.epoch() == 4);
    c.CheckBalance();
    CHECK(CountSlots(c.view.current, 3).primary == 33);
  }
  SECTION("the last slot failed: it begins anew, once it may") {
    c.view.failed.insert(0);
    c.view.targets.erase(3);
    REQUIRE(c.Next().empty());
    CHECK(CountSlots(c.view.current, 3).all() == 0);
    CHECK(c.view.prefetch.empty());
    c.view.targets.insert(3);
    c.Settle();
    c.CheckBalance();
  }
  SECTION("all others die: what it lacks is lost") {
    c.Die(1);
    c.Die(2);
    CHECK(c.Next() == std::vector<uint32_t>{0});
  }
  SECTION("all others die, and it lacks nothing") {
    c.view.filled.insert(0);
    c.Die(1);
    c.Die(2);
    REQUIRE(c.Next().empty());
    c.CheckBalance();
  }
  SECTION("while it fills, primaries of a dead server alone change") {
    c.Die(1);
    REQUIRE(c.Next().empty());
    CHECK(CountSlots(c.view.current, 2).primary == 100);
    CHECK(CountSlots(c.view.current, 3).filling == 100);
  }
}

TEST_CASE("Servers join one after the other") {
  Copying c(1, 8);
  c.Join(2);
  c.Join(3);
  c.Join(4);
  REQUIRE(c.Next().empty());
  CHECK(c.view.prefetch.begin()->second.server == 2);
  // It is listed; then each fills, and is whole.
  CHECK(c.Settle() == 6);
  c.CheckBalance();
}

TEST_CASE("A drained server goes once another one is whole") {
  Copying c(2, 9);
  c.Drain(1);
  REQUIRE(c.Next().empty());
  c.CheckBalance();
  c.Drain(2);
  REQUIRE(c.Next().empty());
  CHECK(c.Replicas() == Servers{2});
  c.Join(3);
  c.Settle();
  c.CheckBalance();
  CHECK(c.Replicas() == Servers{3});
}

TEST_CASE("While nothing shall move, only deaths change a replicated layout") {
  Copying c(3, 9);
  c.Join(4);
  c.Drain(1);
  c.view.may_move = false;
  REQUIRE(c.Next().empty());
  CHECK(c.view.prefetch.empty());
  CHECK(CountSlots(c.view.current, 1).primary == 3);
  c.Die(3);
  REQUIRE(c.Next().empty());
  CHECK(CountSlots(c.view.current, 1).primary == 3);
  CHECK(CountSlots(c.view.current, 2).primary == 6);
  CHECK(c.Replicas() == Servers{1, 2});
  c.view.may_move = true;
  c.Settle();
  c.CheckBalance();
}

TEST_CASE("A server that still writes a checkpoint stays listed") {
  Copying c(2, 4);
  c.Drain(1);
  c.view.keep.insert(1);
  REQUIRE(c.Next().empty());
  CHECK(c.view.current.servers_size() == 2);
  CHECK(CountSlots(c.view.current, 1).all() == 0);
  c.view.keep.clear();
  REQUIRE(c.Next().empty());
  CHECK(c.view.current.servers_size() == 1);
}

TEST_CASE("Through any joins, deaths and drains nothing is lost while one whole server lives") {
  const uint32_t seed = GENERATE(range(1, 200));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto slots = static_cast<uint32_t>(1 + random() % 40);
  Copying c(static_cast<uint32_t>(1 + random() % 5), slots);
  uint64_t next = 100;
  for (int step = 0; step < 150; ++step) {
    CAPTURE(step);
    const uint64_t kind = random() % 20;
    const uint64_t some = c.view.alive[random() % c.view.alive.size()].incarnation();
    if (kind < 2 && c.view.alive.size() < 8) {
      c.Join(next++);
    } else if (kind == 2 && c.view.alive.size() > 1) {
      c.Die(some);
    } else if (kind == 3) {
      c.Drain(some);
    } else if (kind == 4) {
      for (const v1::Node& node : c.view.alive) c.view.usable.insert(node.incarnation());
      c.view.targets = c.view.usable;
    } else if (kind == 5) {
      c.view.may_move = !c.view.may_move;
    } else if (kind == 6) {
      c.view.targets.erase(some);
    }
    c.Progress(random);
    if (!c.Next().empty()) return;
  }
  c.view.may_move = true;
  for (const v1::Node& node : c.view.alive) {
    if (random() % 4 > 0) c.view.usable.insert(node.incarnation());
  }
  if (c.view.usable.empty()) c.view.usable.insert(c.view.alive[0].incarnation());
  c.view.targets = c.view.usable;
  c.Settle();
  c.CheckBalance();
}

}  // namespace
}  // namespace pumasi
