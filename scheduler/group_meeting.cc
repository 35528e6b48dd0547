#include "scheduler/group_meeting.h"

#include <algorithm>

namespace pumasi {

absl::StatusOr<std::optional<v1::MeetGroupResponse>> GroupMeeting::Take(const v1::MeetGroupRequest& request,
                                                                        const std::vector<uint64_t>& members) {
  const uint64_t caller = request.incarnation();
  if (std::find(members.begin(), members.end(), caller) == members.end()) {
    return absl::InvalidArgumentError("only members of the layout's group meet");
  }
  if (request.attempt() == 0) return absl::InvalidArgumentError("an attempt has a number that is not 0");
  const auto before = attempts_.find(caller);
  if (before != attempts_.end() && before->second == request.attempt()) return met_;
  came_[caller] = request;
  if (!Missing(members).empty()) return std::nullopt;
  met_.Clear();
  attempts_.clear();
  for (const uint64_t member : members) {
    v1::MeetGroupRequest& told = came_.at(member);
    attempts_[member] = told.attempt();
    auto* one = met_.add_members();
    one->set_incarnation(member);
    one->set_version(told.version());
    one->set_version_known(told.version_known());
    one->set_has_sum(told.has_sum());
    one->mutable_address()->swap(*told.mutable_address());
  }
  came_.clear();
  return met_;
}

void GroupMeeting::Restart() {
  came_.clear();
  attempts_.clear();
  met_.Clear();
}

std::vector<uint64_t> GroupMeeting::Missing(const std::vector<uint64_t>& members) const {
  std::vector<uint64_t> missing;
  if (came_.empty()) return missing;
  for (const uint64_t member : members) {
    if (!came_.count(member)) missing.push_back(member);
  }
  return missing;
}

}  // namespace pumasi
