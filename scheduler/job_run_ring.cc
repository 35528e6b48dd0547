// JobRun where gradients are summed by a ring: its members meet, and shares of a batch are the layout's.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/layout/ring_group.h"
#include "scheduler/job_run.h"

namespace pumasi {

std::vector<uint64_t> JobRun::RingMembers() const {
  std::vector<uint64_t> members;
  for (const uint32_t server : RingGroup(layout_)) {
    members.push_back(layout_.servers(static_cast<int>(server)).incarnation());
  }
  return members;
}

absl::StatusOr<std::optional<v1::MeetGroupResponse>> JobRun::MeetGroup(const v1::MeetGroupRequest& request) {
  if (ended() || !TakesPart(request.incarnation())) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", id(), " does not want this worker"));
  }
  if (!ReducesByRing(job_)) return absl::InvalidArgumentError("the job's workers do not sum by a ring");
  const std::vector<uint64_t> members = RingMembers();
  const bool member = std::find(members.begin(), members.end(), request.incarnation()) != members.end();
  const bool no_layout = state_ == v1::RECOVERING || state_ < v1::ALLOCATING;
  if (request.layout_epoch() != layout_.epoch() || !member || no_layout) {
    return DetailedError(v1::ErrorDetail::STALE_LAYOUT, absl::StrCat("the layout is at epoch ", layout_.epoch()));
  }
  return meeting_.Take(request, members);
}

std::vector<Ledger::Unit> JobRun::ChooseRingUnits(uint64_t incarnation, uint32_t hold_at_most, uint64_t* next_token,
                                                  absl::Duration now) {
  const PartRange share = RingShare(layout_, incarnation, job_.micro_batches());
  return ledger_->LeaseShare(incarnation, hold_at_most, share, next_token, now);
}

}  // namespace pumasi
