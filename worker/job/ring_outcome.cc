#include "worker/job/ring_outcome.h"

#include <algorithm>

namespace pumasi {

bool LacksBatch(const v1::MeetGroupResponse::Member& member, const RingOutcome& outcome) {
  return member.version_known() && member.version() + member.has_sum() < outcome.version;
}

RingOutcome OutcomeOf(const v1::MeetGroupResponse& met) {
  RingOutcome outcome;
  for (const auto& member : met.members()) outcome.version = std::max(outcome.version, member.version());
  bool all = true, any = false;
  for (const auto& member : met.members()) {
    if (!member.version_known()) continue;
    any = true;
    all = all && member.has_sum() && member.version() == outcome.version;
  }
  if (any && all) ++outcome.version;
  for (const auto& member : met.members()) outcome.somebody_lacks |= LacksBatch(member, outcome);
  return outcome;
}

}  // namespace pumasi
