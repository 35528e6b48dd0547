// Within how many seeds the simulator catches each planted bug (common/planted_bug.h).
#ifndef PUMASI_TESTS_SIMULATION_PLANTED_BUGS_H_
#define PUMASI_TESTS_SIMULATION_PLANTED_BUGS_H_

#include <cstdint>

#include "common/planted_bug.h"

namespace pumasi::sim {

struct BugBudget {
  PlantedBug bug;
  uint64_t seeds;  // from seed 1 on
};

// Two to four times what was needed when this was written: a seed means another run whenever the cores change.
inline constexpr BugBudget kBugBudgets[] = {
    {PlantedBug::kNoDedupe, 20},
    {PlantedBug::kNoFencing, 300},
    {PlantedBug::kAnyLayout, 20},
    {PlantedBug::kNoBefore, 20},
    {PlantedBug::kBackupDoesNotGate, 4000},
    {PlantedBug::kFillLosesNodes, 40},
    {PlantedBug::kFillLosesBefore, 700},
    {PlantedBug::kReadyBeforeFilled, 120},
    {PlantedBug::kSnapshotWithoutCopies, 90},
    {PlantedBug::kArrivalOrder, 10},
    {PlantedBug::kDeltaMissesRows, 30},
    {PlantedBug::kLogDoesNotGate, 1500},
    {PlantedBug::kLogBeforeNorms, 350},
    {PlantedBug::kReplayStopsEarly, 20},
    {PlantedBug::kPromoteFilling, 350},
    {PlantedBug::kRollbackKeepsLedger, 20},
    {PlantedBug::kOldGenerationCounts, 400},
    {PlantedBug::kUnsyncedEpoch, 100},
    {PlantedBug::kResultCountedTwice, 20},
    {PlantedBug::kIncompleteCheckpoint, 10},
    {PlantedBug::kEarlyDone, 10},
    {PlantedBug::kDropSlotTooEarly, 40},
    {PlantedBug::kFirstAckCounts, 10},
    {PlantedBug::kOldAcksCount, 50},
    {PlantedBug::kReportBeforePush, 10},
    {PlantedBug::kKeepsUnitsOverGeneration, 30},
    {PlantedBug::kMixedVersions, 80},
    {PlantedBug::kSkipSync, 80},
    {PlantedBug::kSkipCrc, 1400},
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_PLANTED_BUGS_H_
