// What becomes of layouts when servers come, go, and finish copying.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "scheduler/layout_plan.h"

namespace pumasi {
namespace {

v1::Node Server(uint64_t incarnation) {
  v1::Node node;
  node.set_name("s" + std::to_string(100 + incarnation));
  node.set_address(node.name() + ":7");
  node.set_incarnation(incarnation);
  return node;
}

// A cluster in which every wish is granted in some order.
struct Copying {
  LayoutView view;

  Copying(uint32_t servers, uint32_t slots, uint32_t replicas) {
    view.replicas = replicas;
    for (uint32_t i = 1; i <= servers; ++i) Join(i);
    view.current = PlanLayout(1, 0, slots, view.alive, replicas);
  }
  void Join(uint64_t server) {
    view.alive.push_back(Server(server));
    std::sort(view.alive.begin(), view.alive.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
    view.usable.insert(server);
    view.targets.insert(server);
  }
  void Die(uint64_t server) {
    std::erase_if(view.alive, [&](const v1::Node& node) { return node.incarnation() == server; });
    view.usable.erase(server);
    view.targets.erase(server);
  }
  void Drain(uint64_t server) {
    view.usable.erase(server);
    view.targets.erase(server);
  }
  uint64_t Of(uint32_t index) const { return view.current.servers(static_cast<int>(index)).incarnation(); }
  uint64_t Primary(uint32_t slot) const { return Of(view.current.slot_owner(static_cast<int>(slot))); }
  uint64_t Backup(uint32_t slot) const { return Second(view.current.slot_backup(), slot); }
  uint64_t Filling(uint32_t slot) const { return Second(view.current.slot_filling(), slot); }
  uint64_t Second(const google::protobuf::RepeatedField<uint32_t>& field, uint32_t slot) const {
    return static_cast<int>(slot) < field.size() && field.Get(static_cast<int>(slot)) > 0
               ? Of(field.Get(static_cast<int>(slot)) - 1)
               : 0;
  }
  uint32_t slots() const { return static_cast<uint32_t>(view.current.slot_owner_size()); }
  bool Alive(uint64_t server) const {
    return std::any_of(view.alive.begin(), view.alive.end(),
                       [&](const v1::Node& node) { return node.incarnation() == server; });
  }
  // Whole copies: what a server's death may leave.
  std::set<uint64_t> Whole(uint32_t slot) const {
    std::set<uint64_t> whole = {Primary(slot)};
    if (Backup(slot) != 0) whole.insert(Backup(slot));
    if (Filling(slot) != 0 && view.filled.count(slot)) whole.insert(Filling(slot));
    std::erase_if(whole, [&](uint64_t server) { return !Alive(server); });
    return whole;
  }

  // Takes a step; what it must never do is checked. Returns slots that were lost.
  std::vector<uint32_t> Next() {
    std::vector<std::set<uint64_t>> whole(slots());
    for (uint32_t slot = 0; slot < slots(); ++slot) whole[slot] = Whole(slot);
    const LayoutStep step = NextLayout(view);
    std::vector<uint32_t> want_lost;
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      if (whole[slot].empty()) want_lost.push_back(slot);
    }
    REQUIRE(step.lost == want_lost);
    if (!step.lost.empty()) return step.lost;
    REQUIRE(step.layout.epoch() == view.current.epoch() + step.changed);
    view.current = step.layout;
    view.prefetch = step.prefetch;
    if (view.may_move || step.changed) view.filled.clear(), view.failed.clear();
    uint32_t filling = 0;
    std::map<uint64_t, uint32_t> ahead;
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      CAPTURE(slot);
      // Primary and second copy were whole.
      REQUIRE(whole[slot].count(Primary(slot)));
      if (Backup(slot) != 0) {
        REQUIRE(whole[slot].count(Backup(slot)));
        REQUIRE(Backup(slot) != Primary(slot));
      }
      if (Filling(slot) != 0) {
        ++filling;
        REQUIRE(Alive(Filling(slot)));
        REQUIRE(Filling(slot) != Primary(slot));
        REQUIRE(Filling(slot) != Backup(slot));
        REQUIRE_FALSE(view.prefetch.count(slot));
      }
      // Moving never costs a copy; draining does where too few servers are left.
      size_t want = std::min<size_t>(view.replicas, whole[slot].size() - (whole[slot].count(Filling(slot)) > 0));
      if (!view.usable.empty()) want = std::min(want, view.usable.size());
      REQUIRE(1 + (Backup(slot) != 0) >= want);
      REQUIRE(1 + (Backup(slot) != 0) <= view.replicas);
    }
    REQUIRE(filling <= kFillingAtOnce);
    for (const auto& [slot, prefetch] : view.prefetch) {
      REQUIRE(view.targets.count(prefetch.server));
      REQUIRE(Primary(slot) != prefetch.server);
      REQUIRE(Backup(slot) != prefetch.server);
      REQUIRE(++ahead[prefetch.server] <= kPrefetchPerServer);
    }
    return {};
  }

  // Some of what is under way gets done, or fails.
  void Progress(std::mt19937_64& random) {
    for (auto& [slot, prefetch] : view.prefetch) prefetch.done = prefetch.done || random() % 2;
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      if (Filling(slot) != 0 && random() % 3 > 0) (random() % 5 > 0 ? view.filled : view.failed).insert(slot);
    }
  }
  void ProgressAll() {
    for (auto& [slot, prefetch] : view.prefetch) prefetch.done = true;
    for (uint32_t slot = 0; slot < slots(); ++slot) {
      if (Filling(slot) != 0) view.filled.insert(slot);
    }
  }

  // Until nothing is left to do. Returns the steps that changed the layout.
  uint32_t Settle() {
    uint32_t changes = 0;
    for (int quiet = 0, steps = 0; quiet < 3; ++steps) {
      REQUIRE(steps < 2000);
      const uint64_t epoch = view.current.epoch();
      ProgressAll();
      REQUIRE(Next().empty());
      const bool changed = view.current.epoch() != epoch || !view.prefetch.empty();
      changes += view.current.epoch() != epoch;
      quiet = changed ? 0 : quiet + 1;
    }
    return changes;
  }

  void CheckBalance() const {
    std::vector<uint32_t> primaries, copies;
    for (const uint64_t server : view.usable) {
      const SlotCounts counts = CountSlots(view.current, server);
      primaries.push_back(counts.primary);
      copies.push_back(counts.primary + counts.backup);
      CHECK(counts.filling == 0);
    }
    const auto spread = [](const std::vector<uint32_t>& of) {
      return *std::max_element(of.begin(), of.end()) - *std::min_element(of.begin(), of.end());
    };
    CHECK(spread(copies) <= 1);
    CHECK(spread(primaries) <= 1);
    if (view.usable.size() >= view.replicas) CHECK(SlotsWithoutBackup(view.current, view.replicas) == 0);
    for (const v1::Node& node : view.alive) {
      if (!view.usable.count(node.incarnation())) CHECK(CountSlots(view.current, node.incarnation()).all() == 0);
    }
  }
};

TEST_CASE("Second copies lie on other servers, as evenly as primaries") {
  for (uint32_t servers = 2; servers <= 9; ++servers) {
    for (const uint32_t slots : {1, 2, 7, 8, 20, 64}) {
      CAPTURE(servers, slots);
      Copying c(servers, slots, 2);
      for (uint32_t slot = 0; slot < slots; ++slot) CHECK(c.Backup(slot) != c.Primary(slot));
      c.CheckBalance();
      // Nothing to make better.
      CHECK(c.Next().empty());
      CHECK(c.view.current.epoch() == 1);
      CHECK(c.view.prefetch.empty());
    }
  }
  CHECK(Copying(1, 8, 2).view.current.slot_backup().empty());
}

TEST_CASE("Where a primary dies the second copy takes over at once, and others get new copies") {
  Copying c(3, 12, 2);
  std::vector<uint64_t> heirs;
  for (uint32_t slot = 0; slot < 12; ++slot) heirs.push_back(c.Primary(slot) == 1 ? c.Backup(slot) : c.Primary(slot));
  c.Die(1);
  REQUIRE(c.Next().empty());
  CHECK(c.view.current.epoch() == 2);
  for (uint32_t slot = 0; slot < 12; ++slot) CHECK(c.Primary(slot) == heirs[slot]);
  CHECK(SlotsWithoutBackup(c.view.current, 2) == 8);
  CHECK(c.view.prefetch.size() == 8);
  // The layout waits until slots are copied ahead; then eight fill, then they are whole.
  CHECK(c.Next().empty());
  CHECK(c.view.current.epoch() == 2);
  c.ProgressAll();
  CHECK(c.Next().empty());
  CHECK(CountSlots(c.view.current, 2).filling + CountSlots(c.view.current, 3).filling == 8);
  CHECK(SlotsWithoutBackup(c.view.current, 2) == 8);
  c.ProgressAll();
  CHECK(c.Next().empty());
  CHECK(SlotsWithoutBackup(c.view.current, 2) == 0);
  c.Settle();
  c.CheckBalance();
}

TEST_CASE("A slot that only the dead server had is lost, also if another was copying it") {
  Copying c(2, 4, 1);
  c.Join(3);
  REQUIRE(c.Next().empty());
  c.ProgressAll();
  REQUIRE(c.Next().empty());
  std::vector<uint32_t> filling;
  for (uint32_t slot = 0; slot < 4; ++slot) {
    if (c.Filling(slot) != 0) filling.push_back(slot);
  }
  REQUIRE(filling.size() == 1);
  const uint64_t owner = c.Primary(filling[0]);
  c.Die(owner);
  SECTION("it was not done") { CHECK(c.Next().size() == 2); }
  SECTION("it was done: one is left that it had alone") {
    c.view.filled.insert(filling[0]);
    CHECK(c.Next().size() == 1);
  }
}

TEST_CASE("A new server gets its share in few steps, and no slot moves without need") {
  Copying c(3, 64, 2);
  std::vector<std::set<uint64_t>> before;
  for (uint32_t slot = 0; slot < 64; ++slot) before.push_back(c.Whole(slot));
  c.Join(4);
  const uint32_t changes = c.Settle();
  c.CheckBalance();
  CHECK(CountSlots(c.view.current, 4).all() == 32);
  uint32_t moved = 0;
  for (uint32_t slot = 0; slot < 64; ++slot) {
    for (const uint64_t server : c.Whole(slot)) moved += !before[slot].count(server);
  }
  CHECK(moved <= 34);
  // It joins; four times eight fill, each step also ending the one before; roles change.
  CHECK(changes <= 7);
}

TEST_CASE("A drained server is emptied and leaves the layout, and no slot has one copy less meanwhile") {
  for (const uint32_t replicas : {1, 2}) {
    CAPTURE(replicas);
    Copying c(4, 20, replicas);
    c.Drain(2);
    c.Settle();
    c.CheckBalance();
    CHECK(c.view.current.servers_size() == 3);
  }
  // With nowhere to go it keeps what it has.
  Copying alone(1, 5, 1);
  alone.Drain(1);
  CHECK(alone.Next().empty());
  CHECK(CountSlots(alone.view.current, 1).primary == 5);
}

TEST_CASE("While nothing shall move, only deaths change the layout") {
  Copying c(3, 9, 2);
  c.Join(4);
  c.view.may_move = false;
  REQUIRE(c.Next().empty());
  CHECK(c.view.prefetch.empty());
  c.Die(3);
  REQUIRE(c.Next().empty());
  CHECK(c.view.prefetch.empty());
  CHECK(CountSlots(c.view.current, 4).all() == 0);
  c.view.may_move = true;
  c.Settle();
  c.CheckBalance();
}

TEST_CASE("A server that could not copy is no target until it may be one again") {
  Copying c(2, 8, 1);
  c.Join(3);
  c.view.targets.erase(3);
  REQUIRE(c.Next().empty());
  CHECK(c.view.prefetch.empty());
  c.view.targets.insert(3);
  c.Settle();
  c.CheckBalance();
}

TEST_CASE("Through any joins, deaths and drains no copy is lost but by death, and in the end all is even") {
  const uint32_t seed = GENERATE(range(1, 120));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto replicas = static_cast<uint32_t>(1 + random() % 2);
  const auto slots = static_cast<uint32_t>(1 + random() % 40);
  Copying c(static_cast<uint32_t>(1 + random() % 5), slots, replicas);
  uint64_t next = 100;
  bool lost = false;
  for (int step = 0; step < 150 && !lost; ++step) {
    CAPTURE(step);
    const uint64_t kind = random() % 20;
    const uint64_t some = c.view.alive[random() % c.view.alive.size()].incarnation();
    if (kind == 0 && c.view.alive.size() < 8) {
      c.Join(next++);
    } else if (kind == 1 && replicas == 2 && c.view.alive.size() > 2) {
      c.Die(some);
    } else if (kind == 2) {
      c.Drain(some);
    } else if (kind == 3) {
      for (const v1::Node& node : c.view.alive) c.view.usable.insert(node.incarnation());
      c.view.targets = c.view.usable;
    } else if (kind == 4) {
      c.view.may_move = !c.view.may_move;
    } else if (kind == 5) {
      c.view.hurry = !c.view.hurry;
    }
    c.Progress(random);
    lost = !c.Next().empty();
  }
  if (lost) return;
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
