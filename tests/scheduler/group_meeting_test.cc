#include "scheduler/group_meeting.h"

#include <catch2/catch.hpp>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

const std::vector<uint64_t> kMembers = {7, 3, 5};

std::optional<v1::MeetGroupResponse> Come(GroupMeeting& meeting, uint64_t who, uint64_t attempt,
                                          const std::vector<uint64_t>& members = kMembers) {
  v1::MeetGroupRequest request;
  request.set_incarnation(who);
  request.set_attempt(attempt);
  request.set_version(10 * who);
  request.set_version_known(who != 5);
  request.set_has_sum(who == 3);
  request.set_address(absl::StrCat(who, ":", attempt));
  const auto answer = meeting.Take(request, members);
  REQUIRE(answer.ok());
  return *answer;
}

TEST_CASE("Members are answered once all have come, in the layout's order") {
  GroupMeeting meeting;
  CHECK(meeting.Missing(kMembers).empty());
  CHECK_FALSE(Come(meeting, 3, 1));
  CHECK(meeting.Missing(kMembers) == std::vector<uint64_t>{7, 5});
  CHECK_FALSE(Come(meeting, 7, 1));
  CHECK_FALSE(Come(meeting, 3, 1));
  const auto met = Come(meeting, 5, 1);
  REQUIRE(met);
  REQUIRE(met->members_size() == 3);
  CHECK(met->members(0).incarnation() == 7);
  CHECK(met->members(0).version() == 70);
  CHECK(met->members(0).version_known());
  CHECK(met->members(1).address() == "3:1");
  CHECK(met->members(1).has_sum());
  CHECK_FALSE(met->members(2).version_known());
  CHECK(meeting.Missing(kMembers).empty());
  // Their calls come again, and answers may have got lost.
  for (const uint64_t who : kMembers) CHECK(Come(meeting, who, 1)->SerializeAsString() == met->SerializeAsString());
}

TEST_CASE("Whoever comes with another attempt meets all anew") {
  GroupMeeting meeting;
  for (const uint64_t who : kMembers) Come(meeting, who, 1);
  CHECK_FALSE(Come(meeting, 3, 2));
  // The others have not noticed yet.
  CHECK(Come(meeting, 7, 1));
  CHECK_FALSE(Come(meeting, 3, 3));
  CHECK_FALSE(Come(meeting, 7, 4));
  const auto met = Come(meeting, 5, 2);
  REQUIRE(met);
  CHECK(met->members(1).address() == "3:3");
  CHECK(met->members(0).address() == "7:4");
  CHECK_FALSE(Come(meeting, 5, 1));
}

TEST_CASE("Under another layout nobody has come, and others are none of them") {
  GroupMeeting meeting;
  for (const uint64_t who : kMembers) Come(meeting, who, 1);
  Come(meeting, 3, 2);
  meeting.Restart();
  CHECK_FALSE(Come(meeting, 5, 1, {5, 7}));
  CHECK(Come(meeting, 7, 2, {5, 7})->members_size() == 2);
  v1::MeetGroupRequest request;
  request.set_incarnation(9);
  request.set_attempt(1);
  CHECK(absl::IsInvalidArgument(meeting.Take(request, kMembers).status()));
  request.set_incarnation(3);
  request.set_attempt(0);
  CHECK(absl::IsInvalidArgument(meeting.Take(request, kMembers).status()));
}

}  // namespace
}  // namespace pumasi
