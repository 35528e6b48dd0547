// Well-known mistakes, put into the program on purpose and switched off: the simulator switches one on at a time and
// must notice what it does (tests/simulation). What is found shows what the simulator can find.
//
//   if (epoch != layout_.epoch() && !Planted(PlantedBug::kAnyLayout)) return StaleLayout(...);
//
// A new one: one line in the list below, and Planted() where the mistake is made.
#ifndef PUMASI_COMMON_PLANTED_BUG_H_
#define PUMASI_COMMON_PLANTED_BUG_H_

#include <atomic>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

// BUG(name, what goes wrong).
#define PUMASI_PLANTED_BUGS(BUG)                                                                 \
  /* The server. */                                                                              \
  BUG(kNoDedupe, "parts that a slot has already are added again")                                \
  BUG(kNoFencing, "pushes of a fenced worker count")                                             \
  BUG(kAnyLayout, "calls of another layout epoch are taken")                                     \
  BUG(kNoBefore, "a part that is computed again sees the new values")                            \
  BUG(kBackupDoesNotGate, "pulls do not wait for slots that the server is only the backup of")   \
  BUG(kFillLosesNodes, "a copy of a slot lacks the sums of the batch in progress")               \
  BUG(kFillLosesBefore, "a copy of a slot lacks the values before its last batch")               \
  BUG(kReadyBeforeFilled, "a server takes pushes to a slot before its copy is there")            \
  BUG(kSnapshotWithoutCopies, "a checkpoint holds rows that changed while it was written")       \
  BUG(kArrivalOrder, "gradients are added in the order in which they arrive")                    \
  BUG(kDeltaMissesRows, "a delta lacks rows that changed in its first batch")                    \
  BUG(kLogDoesNotGate, "pulls do not wait for the log of the batches before")                    \
  BUG(kLogBeforeNorms, "gradients are logged as they are before the clipping by norms")          \
  BUG(kReplayStopsEarly, "the last logged batch is not applied")                                 \
  /* The scheduler. */                                                                           \
  BUG(kPromoteFilling, "a server that is still copying a slot becomes its primary")              \
  BUG(kRollbackKeepsLedger, "parameters go back to a checkpoint, the ledger does not")           \
  BUG(kOldGenerationCounts, "results of an undone generation count")                             \
  BUG(kUnsyncedEpoch, "a layout is told before it is durable")                                   \
  BUG(kResultCountedTwice, "a part's result is added once more when it comes again")             \
  BUG(kIncompleteCheckpoint, "a checkpoint counts before all servers have written their shards") \
  BUG(kEarlyDone, "a part counts as done when it is leased")                                     \
  BUG(kDropSlotTooEarly, "the old holder of a slot drops it before the new one is whole")        \
  /* The worker. */                                                                              \
  BUG(kFirstAckCounts, "a push counts as done when the first holder has it")                     \
  BUG(kOldAcksCount, "acknowledgements under an older layout count")                             \
  BUG(kReportBeforePush, "a unit is reported before its pushes are acknowledged")                \
  BUG(kKeepsUnitsOverGeneration, "units go on after the job went back to a checkpoint")          \
  BUG(kMixedVersions, "a pull that is tried again takes another version of the parameters")      \
  /* Storage. */                                                                                 \
  BUG(kSkipSync, "files are not synced before they are renamed")                                 \
  BUG(kSkipCrc, "checksums are not compared")

namespace pumasi {

enum class PlantedBug {
  kNone,
#define BUG(name, text) name,
  PUMASI_PLANTED_BUGS(BUG)
#undef BUG
};

namespace internal {
extern std::atomic<PlantedBug> planted_bug;
}  // namespace internal

// Is this mistake to be made? Costs one load; for places where a program spends its time, too.
inline bool Planted(PlantedBug bug) { return internal::planted_bug.load(std::memory_order_relaxed) == bug; }

// Switches one on for the whole process, and any other off. Only for the simulator and tests.
void PlantBug(PlantedBug bug);

// Switches one on for a scope.
class ScopedPlantedBug {
 public:
  explicit ScopedPlantedBug(PlantedBug bug) { PlantBug(bug); }
  ~ScopedPlantedBug() { PlantBug(PlantedBug::kNone); }
  ScopedPlantedBug(const ScopedPlantedBug&) = delete;
  ScopedPlantedBug& operator=(const ScopedPlantedBug&) = delete;
};

// All but kNone, in the order of the list.
const std::vector<PlantedBug>& AllPlantedBugs();

// As in the list, "kNoDedupe"; "kNone".
absl::string_view PlantedBugName(PlantedBug bug);

// What goes wrong, in a few words; "nothing" for kNone.
absl::string_view PlantedBugText(PlantedBug bug);

// InvalidArgument, with a hint, if there is none of this name.
absl::StatusOr<PlantedBug> PlantedBugOfName(absl::string_view name);

}  // namespace pumasi

#endif  // PUMASI_COMMON_PLANTED_BUG_H_
