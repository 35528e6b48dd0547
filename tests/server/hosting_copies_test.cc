// Slots that take long to copy.
#include <catch2/catch.hpp>

#include "server/hosting.h"
#include "tests/server/hosting_story.h"

namespace pumasi {
namespace {

constexpr uint32_t kParts = 4;

TEST_CASE("While bytes of a slot that fills come the scheduler is told so, again and again") {
  HostingStory story(AdamJob(kParts), 2, "0000");
  story.hold_fetches = true;
  story.Relayout("0000", "", "---1");
  REQUIRE(story.held_fetches.size() == 1);
  const uint64_t ticket = story.held_fetches[0].second.ticket;
  story.Pass(absl::Seconds(3));
  CHECK(story.told(1).size() == 1);  // that its tables are there
  for (uint64_t copied = 1; copied <= 10; ++copied) {
    story.server(1).FetchMoved(ticket, 1, story.now());
    story.Settle();
    story.Pass(absl::Seconds(3));
    const auto report = story.Last<v1::ReportFilledRequest>(1);
    CHECK(report.copied_bytes() == copied);
    CHECK(report.filled().empty());
    CHECK(report.failed().empty());
  }
  story.FetchHeld();
  CHECK(story.Last<v1::ReportFilledRequest>(1).filled_size() == 1);
  story.CheckCopies();
}

TEST_CASE("A copy that breaks after bytes came has its time again, but not for ever") {
  HostingStory story(AdamJob(kParts), 2, "0000");
  story.hold_fetches = true;
  story.Relayout("0000", "", "---1");
  const auto break_once = [&] {
    REQUIRE(story.held_fetches.size() == 1);
    const uint64_t ticket = story.held_fetches[0].second.ticket;
    story.held_fetches.clear();
    story.server(1).FetchMoved(ticket, 1, story.now());
    story.Pass(absl::Seconds(20));
    story.server(1).Fetched(ticket, absl::UnavailableError("the connection broke"), story.now());
    story.Pass(absl::Seconds(1));
    return story.Last<v1::ReportFilledRequest>(1).failed_size();
  };
  CHECK(break_once() == 0);
  CHECK(break_once() == 0);
  CHECK(break_once() == 0);
  CHECK(break_once() == 1);
  CHECK(story.Last<v1::ReportFilledRequest>(1).error() == "slot 3: the connection broke");
}

TEST_CASE("A call that nobody waits for any more says nothing") {
  HostingStory story(AdamJob(kParts), 2, "0000");
  story.hold_fetches = true;
  story.Relayout("0000", "", "---1");
  REQUIRE(story.held_fetches.size() == 1);
  story.Relayout("0000");
  const size_t told = story.told(1).size();
  CHECK_FALSE(story.server(1).FetchMoved(story.held_fetches[0].second.ticket, 1, story.now()));
  story.Settle();
  CHECK(story.told(1).size() == told);
}

TEST_CASE("An answer to a call of an earlier generation is none to a call of this one") {
  HostingStory story(AdamJob(kParts), 2, "0000");
  story.hold_fetches = true;
  story.Relayout("0000", "", "---1");
  REQUIRE(story.held_fetches.size() == 1);
  const uint64_t earlier = story.held_fetches[0].second.ticket;
  const auto state = story.server(0).FetchSlot(story.held_fetches[0].second.request);
  REQUIRE(state.ok());
  story.held_fetches.clear();
  // Back to the start: the same slot is to be copied again.
  story.assignment().set_state(v1::RECOVERING);
  story.AssignAll();
  story.assignment().mutable_layout()->set_generation(2);
  story.assignment().set_state(v1::ALLOCATING);
  story.Relayout("0000");
  story.assignment().set_state(v1::TRAINING);
  story.Relayout("0000", "", "---1");
  REQUIRE(story.held_fetches.size() == 1);
  CHECK(story.held_fetches[0].second.ticket != earlier);
  CHECK_FALSE(story.server(1).FetchMoved(earlier, 1, story.now()));
  story.server(1).Fetched(earlier, *state, story.now());
  story.Settle();
  CHECK(story.Last<v1::ReportFilledRequest>(1).filled().empty());
  // Nor is the answer for another slot.
  auto other = *state;
  other.set_slot(2);
  story.server(1).Fetched(story.held_fetches[0].second.ticket, other, story.now());
  story.Pass(absl::Seconds(6));
  CHECK(story.Last<v1::ReportFilledRequest>(1).filled().empty());
  CHECK(story.Last<v1::ReportFilledRequest>(1).failed_size() == 1);
}

}  // namespace
}  // namespace pumasi
