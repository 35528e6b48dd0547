// What becomes of layouts in which rows lie on servers and dense chunks on workers. Either half has to come out as it
// would alone.
#include "scheduler/layout_apart.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "common/layout/slot_roles.h"
#include "scheduler/job_holders.h"
#include "scheduler/layout_of_job.h"
#include "scheduler/layout_replicated.h"

namespace pumasi {
namespace {

constexpr uint32_t kSlots = 12;

v1::Node NodeOf(uint64_t incarnation, v1::Role role) {
  v1::Node node;
  node.set_name((role == v1::ROLE_SERVER ? "s" : "w") + std::to_string(100 + incarnation));
  node.set_address(node.name() + ":7");
  node.set_incarnation(incarnation);
  node.set_role(role);
  return node;
}

void Add(LayoutView* view, const v1::Node& node) {
  view->alive.push_back(node);
  std::sort(view->alive.begin(), view->alive.end(), [](const auto& a, const auto& b) { return a.name() < b.name(); });
  view->usable.insert(node.incarnation());
  view->targets.insert(node.incarnation());
}

uint64_t FillsAt(const v1::Layout& layout, uint32_t slot) {
  const auto filling = FillingOf(layout, slot);
  return filling ? layout.servers(static_cast<int>(*filling)).incarnation() : 0;
}

// As a job does: what is whole is whole for as long as the same server fills.
void Take(LayoutView* view, const LayoutStep& step) {
  std::erase_if(view->filled, [&](uint32_t slot) {
    return FillsAt(step.layout, slot) == 0 || FillsAt(step.layout, slot) != FillsAt(view->current, slot);
  });
  view->failed.clear();
  view->current = step.layout;
  view->prefetch = step.prefetch;
}

// By slot: primary, backup, who fills, and all holders; as incarnations.
using Who = std::tuple<uint64_t, uint64_t, uint64_t, std::set<uint64_t>>;
std::vector<Who> WhoHas(const v1::Layout& layout) {
  const auto at = [&](uint32_t index) { return layout.servers(static_cast<int>(index)).incarnation(); };
  std::vector<Who> who;
  for (uint32_t slot = 0; slot < static_cast<uint32_t>(layout.slot_owner_size()); ++slot) {
    const auto backup = BackupOf(layout, slot), filling = FillingOf(layout, slot);
    std::set<uint64_t> holders;
    for (const uint32_t holder : HoldersOf(layout, slot)) holders.insert(at(holder));
    who.emplace_back(at(layout.slot_owner(static_cast<int>(slot))), backup ? at(*backup) : 0,
                     filling ? at(*filling) : 0, holders);
  }
  return who;
}

// One cluster, and what its servers and its workers would be alone.
struct Cluster {
  LayoutView both, rows, dense;
  std::set<uint64_t> servers, workers;  // alive
  uint64_t last = 0;

  Cluster(uint32_t count_servers, uint32_t count_workers, uint32_t replicas, bool dense_shared_out = false) {
    for (uint32_t i = 0; i < count_servers; ++i) Join(v1::ROLE_SERVER);
    for (uint32_t i = 0; i < count_workers; ++i) Join(v1::ROLE_WORKER);
    both.replicas = rows.replicas = replicas;
    both.hurry = rows.hurry = dense.hurry = true;
    both.current = PlanApart(1, 0, kSlots, both.alive, replicas, dense_shared_out);
    rows.current = PlanLayout(1, 0, kSlots, rows.alive, replicas);
    dense.current =
        dense_shared_out ? PlanLayout(1, 0, kSlots, dense.alive, 1) : PlanReplicated(1, 0, kSlots, dense.alive);
    Compare();
  }
  void Join(v1::Role role) {
    const v1::Node node = NodeOf(++last, role);
    Add(&both, node);
    Add(role == v1::ROLE_SERVER ? &rows : &dense, node);
    (role == v1::ROLE_SERVER ? servers : workers).insert(last);
  }
  void Drain(uint64_t node) {
    for (LayoutView* view : {&both, &rows, &dense}) view->usable.erase(node), view->targets.erase(node);
  }
  void Die(uint64_t node) {
    Drain(node);
    for (LayoutView* view : {&both, &rows, &dense}) {
      std::erase_if(view->alive, [&](const v1::Node& other) { return other.incarnation() == node; });
    }
    servers.erase(node);
    workers.erase(node);
  }
  LayoutView& Half(uint32_t slot) { return slot < kSlots ? rows : dense; }

  void Progress(std::mt19937_64& random) {
    for (auto& [slot, prefetch] : both.prefetch) {
      if (random() % 2) prefetch.done = Half(slot).prefetch[slot % kSlots].done = true;
    }
    for (uint32_t slot = 0; slot < 2 * kSlots; ++slot) {
      if (!FillingOf(both.current, slot) || random() % 3 == 0) continue;
      const bool done = random() % 50 > 0;
      (done ? both.filled : both.failed).insert(slot);
      (done ? Half(slot).filled : Half(slot).failed).insert(slot % kSlots);
    }
  }

  // Returns whether anything was lost.
  bool Next() {
    const uint64_t epoch = both.current.epoch();
    const LayoutStep step = NextLayoutOfJob(both), of_rows = NextLayout(rows),
                     of_dense = IsReplicated(dense.current) ? NextReplicated(dense) : NextLayout(dense);
    std::vector<uint32_t> lost = of_rows.lost;
    for (const uint32_t slot : of_dense.lost) lost.push_back(kSlots + slot);
    REQUIRE(step.lost == lost);
    if (!lost.empty()) return true;
    REQUIRE(step.changed == (of_rows.changed || of_dense.changed));
    REQUIRE(step.layout.epoch() == epoch + step.changed);
    Take(&both, step);
    Take(&rows, of_rows);
    Take(&dense, of_dense);
    Compare();
    return false;
  }

  void Compare() {
    REQUIRE(CheckLayout(both.current).ok());
    REQUIRE(both.current.dense_from() == kSlots);
    std::vector<Who> alone = WhoHas(rows.current);
    for (const Who& who : WhoHas(dense.current)) alone.push_back(who);
    REQUIRE((WhoHas(both.current) == alone));
    REQUIRE(both.prefetch.size() == rows.prefetch.size() + dense.prefetch.size());
    for (const auto& [slot, prefetch] : both.prefetch) {
      const auto& other = Half(slot).prefetch.at(slot % kSlots);
      REQUIRE((prefetch.server == other.server && prefetch.done == other.done));
    }
    CHECK(SlotsWithoutBackup(both.current, both.replicas) ==
          SlotsWithoutBackup(rows.current, both.replicas) + SlotsWithoutBackup(dense.current, 1));
  }
};

TEST_CASE("Slots of rows are dealt to servers, and each worker has all slots of dense chunks") {
  Cluster c(2, 3, 2);
  const v1::Layout& layout = c.both.current;
  CHECK(layout.servers_size() == 5);
  CHECK(layout.slot_owner_size() == 2 * kSlots);
  CHECK(CountSlots(layout, 1).primary == 6);
  CHECK(CountSlots(layout, 1).backup == 6);
  CHECK(CountSlots(layout, 3).primary == 4);
  CHECK(CountSlots(layout, 3).backup == 8);
  CHECK(SlotsWithoutBackup(layout, 2) == 0);
  // Nothing to make better.
  CHECK_FALSE(c.Next());
  CHECK(layout.epoch() == 1);
}

TEST_CASE("Whatever comes and goes, either half is as it would be alone, and both have one epoch") {
  const uint64_t seed = GENERATE(range(0, 100));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const bool dense_shared_out = seed % 3 == 0;
  Cluster c(1 + random() % 3, 1 + random() % 3, dense_shared_out ? 1 : 1 + random() % 2, dense_shared_out);
  const auto some = [&](const std::set<uint64_t>& nodes) {
    return *std::next(nodes.begin(), static_cast<ptrdiff_t>(random() % nodes.size()));
  };
  for (int step = 0; step < 60; ++step) {
    auto& of_kind = random() % 2 ? c.servers : c.workers;
    switch (random() % 8) {
      case 0:
        c.Join(random() % 2 ? v1::ROLE_SERVER : v1::ROLE_WORKER);
        break;
      case 1:
        if (of_kind.size() > 1) c.Die(some(of_kind));
        break;
      case 2:
        if (of_kind.size() > 1) c.Drain(some(of_kind));
        break;
      case 3:
        c.both.may_move = c.rows.may_move = c.dense.may_move = random() % 4 > 0;
        break;
      default:
        c.Progress(random);
    }
    if (c.Next()) return;
  }
}

TEST_CASE("Shared out, each dense slot has one copy, which moves to a worker that comes and is lost with its worker") {
  Cluster c(1, 2, 1, /*dense_shared_out=*/true);
  CHECK(c.both.current.replicas().empty());
  CHECK(CountSlots(c.both.current, 2).primary == kSlots / 2);
  CHECK(CountSlots(c.both.current, 3).all() == kSlots / 2);
  CHECK(SlotsWithoutBackup(c.both.current, 1) == 0);
  c.Join(v1::ROLE_WORKER);
  for (int step = 0; step < 10; ++step) {
    CHECK_FALSE(c.Next());
    for (LayoutView* view : {&c.both, &c.dense}) {
      for (auto& [slot, prefetch] : view->prefetch) prefetch.done = true;
      for (uint32_t slot = 0; slot < static_cast<uint32_t>(view->current.slot_owner_size()); ++slot) {
        if (FillingOf(view->current, slot)) view->filled.insert(slot);
      }
    }
  }
  for (const uint64_t worker : {2, 3, 4}) CHECK(CountSlots(c.both.current, worker).all() == kSlots / 3);
  c.Die(3);
  CHECK(NextApart(c.both).lost.size() == kSlots / 3);
}

TEST_CASE("Rows are lost with servers, and dense chunks with the last worker") {
  Cluster c(1, 2, 1);
  c.Die(2);
  CHECK_FALSE(c.Next());
  CHECK(c.both.current.epoch() == 2);
  CHECK(CountSlots(c.both.current, 3).primary == kSlots);
  Cluster servers = c;
  servers.Die(1);
  CHECK(NextApart(servers.both).lost.size() == kSlots);
  CHECK(NextApart(servers.both).lost[0] == 0);
  c.Die(3);
  CHECK(NextApart(c.both).lost.size() == kSlots);
  CHECK(NextApart(c.both).lost[0] == kSlots);
}

TEST_CASE("A mode says which nodes are needed, and messages name them") {
  v1::Job job;
  job.set_mode(v1::MODE_PS);
  CHECK(WantedHolders(job, 0).servers == 1);
  CHECK(WantedHolders(job, 3).servers == 3);
  CHECK(WantedHolders(job, 3).workers == 0);
  CHECK(WaitsForHolders(job) == "waits for servers: ");
  job.set_mode(v1::MODE_ALLREDUCE);
  CHECK(WantedHolders(job, 3).servers == 0);
  CHECK(WantedHolders(job, 3).workers == 1);
  CHECK(HolderKind(job) == "worker");
  job.set_mode(v1::MODE_HYBRID);
  CHECK(WaitsForHolders(job) == "waits for servers and workers: ");
  const SlotHolders want = WantedHolders(job, 2);
  const SlotHolders there =
      CountHolders({NodeOf(1, v1::ROLE_SERVER), NodeOf(2, v1::ROLE_SERVER), NodeOf(3, v1::ROLE_SERVER)});
  CHECK_FALSE(there.Reach(want));
  CHECK(there.OutOf(want) == "3 of 2 and 0 of 1 are there");
  CHECK(SlotHolders{2, 1}.Reach(want));
  CHECK_FALSE(SlotHolders{1, 4}.Reach(want));
}

}  // namespace
}  // namespace pumasi
