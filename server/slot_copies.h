// The slots that a server copies from others: ahead of time (Assignment.prefetch), and while the layout says that it is
// being filled with them.
#ifndef PUMASI_SERVER_SLOT_COPIES_H_
#define PUMASI_SERVER_SLOT_COPIES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/retry.h"
#include "proto/scheduler.pb.h"
#include "server/hosting_effects.h"
#include "server/shard.h"

namespace pumasi {

// For one shard. Not thread-safe. A slot is first copied whole and held aside. When it is to be filled, what changed
// since then is enough, unless the copy is newer than the slot's new primary. The caller calls Due after each event.
class SlotCopies {
 public:
  // Calls have tickets from `first_ticket` on. An answer to a shard before this one must not look like one of its own:
  // no two shards of a server have tickets in common.
  SlotCopies(uint64_t incarnation, uint64_t first_ticket)
      : incarnation_(incarnation), random_(incarnation), next_ticket_(first_ticket) {}

  // What is wanted now, by the shard's layout and the assignment. Copies that nobody wants any more are dropped.
  void SetWishes(const v1::Assignment& assignment, Shard& shard, absl::Duration now);
  // Bytes of the answer to a call have come. False: nobody wants it any more.
  bool Moved(uint64_t ticket, uint64_t bytes, absl::Duration now);
  // An answer to a call: an error is tried again, after a pause. True: a slot has become whole.
  bool Fetched(uint64_t ticket, absl::StatusOr<v1::SlotState> state, Shard& shard, absl::Duration now);

  // Drops what was copied ahead of time: training needs the memory. It is copied again after a pause.
  void GiveWay(absl::Duration now);

  // Appends the calls that are due to `out`.
  void Due(const std::string& job_id, const Shard& shard, absl::Duration now, std::vector<FetchWish>* out);
  absl::Duration NextDeadline() const;

  // What the scheduler should know now; nullopt: nothing.
  std::optional<v1::ReportFilledRequest> Report(const v1::Assignment& assignment, const Shard& shard,
                                                absl::Duration now) const;

 private:
  struct Copy {
    bool filling = false;         // the layout wants it; otherwise it is copied ahead of time
    std::shared_ptr<Slot> aside;  // a whole copy of what the slot was at version aside->version(); nullptr: none
    RateChanges changes;          // known with it
    uint64_t ticket = 0;          // of the call that is out; 0: none
    uint64_t asked_since = 0;     // of that call
    bool asked_filling = false;
    absl::Duration due = absl::ZeroDuration();  // of the next call
    absl::Duration failing_since = absl::InfiniteDuration();
    bool moved = false;  // bytes came with the last call
    int failures = 0;    // in a row
    int broken = 0;      // of them: after bytes had come
    Backoff pauses{{.first = absl::Milliseconds(20), .longest = absl::Milliseconds(500)}};
    std::string error;
  };
  void Failed(uint32_t slot, Copy& copy, const std::string& why, absl::Duration now);
  // Makes the state part of the copy, and the copy part of the shard if it is whole.
  absl::Status Take(uint32_t number, const v1::SlotState& state, Copy& copy, Shard& shard);
  static bool ShallReport(const Copy& copy, absl::Duration now);

  const uint64_t incarnation_;
  std::mt19937_64 random_;  // of the pauses
  uint64_t next_ticket_;
  uint64_t copied_ = 0;                         // bytes
  std::map<uint32_t, Copy> copies_;             // by slot
  absl::Duration seen_ = absl::ZeroDuration();  // of the last Due
};

}  // namespace pumasi

#endif  // PUMASI_SERVER_SLOT_COPIES_H_
