// Which server holds which slot: the first layout of a job, and the next one after servers came, died, or finished
// copying. Pure functions of their arguments.
#ifndef PUMASI_SCHEDULER_LAYOUT_PLAN_H_
#define PUMASI_SCHEDULER_LAYOUT_PLAN_H_

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "proto/scheduler.pb.h"
#include "proto/table.pb.h"

namespace pumasi {

// Slots dealt in turn to the servers in their given order, so that no two servers differ by more than one slot, and
// neighbouring slots (so the chunks of one tensor) lie on different servers. With `replicas` 2 each slot has a second
// copy on another server, as long as there are two; second copies are dealt as evenly. A server beyond the number of
// slots has none. REQUIRES: servers is not empty.
v1::Layout PlanLayout(uint64_t epoch, uint64_t generation, uint32_t slots, const std::vector<v1::Node>& servers,
                      uint32_t replicas);

// What NextLayout looks at. Servers are incarnations.
struct LayoutView {
  v1::Layout current;
  // Alive, by name: those that may be used, and those that hold something.
  std::vector<v1::Node> alive;
  // Of these, the ones that shall hold slots (the others are drained).
  std::set<uint64_t> usable;
  // Of these, the ones that may be given new slots at the moment.
  std::set<uint64_t> targets;
  uint32_t replicas = 1;
  // Slots being copied ahead: to whom, and whether the server has told that it has it.
  struct Prefetch {
    uint64_t server = 0;
    bool done = false;
  };
  std::map<uint32_t, Prefetch> prefetch;
  // Of the slots with a slot_filling: those whose copy is whole, and those whose copy was given up.
  std::set<uint32_t> filled, failed;
  // Slots that are copied ahead begin to fill a few together. Set: whatever is there begins.
  bool hurry = false;
  // Not set: slots move only where a server died.
  bool may_move = true;
  // Servers that stay in the layout though they hold nothing and shall hold nothing.
  std::set<uint64_t> keep;
};

struct LayoutStep {
  // Slots of which no whole copy is alive. Not empty: the rest means nothing.
  std::vector<uint32_t> lost;
  // With an epoch one greater than the view's if anything differs.
  v1::Layout layout;
  bool changed = false;
  // Of the view's, those that still make sense, and new ones.
  std::map<uint32_t, LayoutView::Prefetch> prefetch;
};

// Slots of one server that may be copied ahead, and of all servers that may be filling, at a time: pulls wait for slots
// that fill, so few at a time keep that short.
inline constexpr uint32_t kPrefetchPerServer = 64;
inline constexpr uint32_t kFillingAtOnce = 32;

// The next layout, in which
// - dead servers hold nothing; where the primary died, the whole second copy takes over (one that fills never does,
//   unless `filled` says that it is whole);
// - a slot whose filling is done has a new copy in place of one more than `replicas`, or of none;
// - slots without enough copies, on drained servers, or on servers with more than their share go to the usable
//   servers with the fewest: first copied ahead (prefetch), then filling. No slot has fewer whole copies meanwhile;
// - primary and second copy change roles where that evens out primaries.
// Once nothing is left to do, usable servers differ by at most one slot in copies, and by at most one in primaries.
LayoutStep NextLayout(const LayoutView& view);

// Slots that a server (an incarnation) holds in each role.
struct SlotCounts {
  uint32_t primary = 0, backup = 0, filling = 0;
  uint32_t all() const { return primary + backup + filling; }
};
SlotCounts CountSlots(const v1::Layout& layout, uint64_t server);

// Slots with fewer whole copies than `replicas`, of the replicated ones than two.
uint32_t SlotsWithoutBackup(const v1::Layout& layout, uint32_t replicas);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_LAYOUT_PLAN_H_
