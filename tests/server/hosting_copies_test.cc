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
  story.server(1).FetchMoved(story.held_fetches[0].second.ticket, 1, story.now());
  story.Settle();
  CHECK(story.told(1).size() == told);
}

}  // namespace
}  // namespace pumasi
