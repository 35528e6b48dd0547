// The log of applied gradients on servers: writes that fail, servers that die, and what is left of it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/planted_bug.h"
#include "tests/server/logged_story.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

TEST_CASE("A write or sync that fails: training goes on, the scheduler is warned once until the next checkpoint") {
  HostingStory story(LoggedJob(4), 1, "00");
  Train(story, 0);
  const bool at_sync = GENERATE(false, true);
  CAPTURE(at_sync);
  // A write, then a sync.
  story.disk().fail_at = static_cast<int>(story.disk().done.size()) + (at_sync ? 1 : 0);
  Train(story, 1);
  CHECK(SameBits(story.PullAll(2), Undisturbed(2)));
  const auto told = [&] {
    std::vector<v1::ReportFailureRequest> all;
    for (const TellWish& wish : story.told(0)) {
      if (const auto* request = std::get_if<v1::ReportFailureRequest>(&wish.request)) all.push_back(*request);
    }
    return all;
  };
  REQUIRE(told().size() == 1);
  CHECK(told()[0].goes_on());
  CHECK(told()[0].job_id() == "job");
  CHECK(told()[0].message() ==
        "could not write the log of batch 1: " + story.disk().done[story.disk().fail_at] +
            ": No space left on device; until the next checkpoint, a job that loses parameters goes back to batch 1 at "
            "best");
  Train(story, 2);
  // What follows is in a file of its own. (A failed sync may have left the record there, which does no harm.)
  CHECK(LogFiles(story).size() == 2);
  CHECK(OpenLog(story)->EndOf(0, 2) == 3);
  story.disk().fail_at = static_cast<int>(story.disk().done.size());
  Train(story, 3);
  CHECK(told().size() == 1);
  story.disk().fail_at = static_cast<int>(story.disk().done.size());
  Train(story, 4);
  CHECK(told().size() == 2);
  Train(story, 5);
  CHECK(SameBits(story.PullAll(6), Undisturbed(6)));
}

TEST_CASE("No log file is ever written over: not by the same server, nor by one that was given up") {
  HostingStory story(LoggedJob(), 1, "00");
  for (uint64_t version = 0; version < 3; ++version) Train(story, version);
  // The process does it again, and its counter begins anew.
  story.Die(0);
  story.Start(0, 100);
  story.AssignAll();
  GoBack(story, 2, "00");
  story.Die(0);
  story.Start(0, 100);
  GoBack(story, 2, "00");
  // The same generation once more, with the same names.
  story.Die(0);
  story.Start(0, 100);
  story.assignment().set_state(v1::ALLOCATING);
  story.AssignAll();
  story.assignment().set_state(v1::TRAINING);
  story.AssignAll();
  Train(story, 2);
  Train(story, 3);
  CHECK(EndOfLog(story) == 4);
  CHECK(SameBits(story.PullAll(4), Undisturbed(4)));
}

TEST_CASE("What an earlier generation's write comes to counts for nothing") {
  HostingStory story(LoggedJob(), 1, "00");
  story.hold_logs = true;
  Train(story, 0);
  const LogWish old = story.held_logs.at(0).second;
  story.held_logs.clear();
  GoBack(story, 0, "00");
  Train(story, 0);
  Train(story, 1);
  story.server(0).Logged(old.ticket, absl::OkStatus(), story.now());
  v1::PullResponse pulled;
  CHECK(ReasonOf(story.Pull(0, 2, &pulled)) == D::NOT_READY);
  story.WriteHeldLogs();
  CHECK(story.Pull(0, 2, &pulled).ok());
}

TEST_CASE("A server whose log lacks a batch says which, and makes no tables") {
  HostingStory story(LoggedJob(), 1, "00");
  Train(story, 0);
  GoBack(story, 2, "00");
  CHECK(story.server(0).shard() == nullptr);
  const auto failure = story.Last<v1::ReportFailureRequest>(0);
  CHECK(failure.message() == story.assignment().push_log() + ": the log has no batch 1 of slot 0");
  CHECK_FALSE(failure.goes_on());
}

TEST_CASE("All servers die at any moment: the log leads to the batch before the one in progress at least") {
  const uint32_t seed = GENERATE(range(0, 20));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const uint32_t servers = 3;
  std::string owners, backups;
  for (int slot = 0; slot < 6; ++slot) owners += static_cast<char>('0' + random() % servers);
  if (seed % 2 == 0) {
    for (const char owner : owners) backups += static_cast<char>('0' + (owner - '0' + 1 + random() % 2) % 3);
  }
  HostingStory story(LoggedJob(3), servers, owners, backups);
  uint64_t incarnation = 200, version = 0;
  while (version < 12) {
    story.hold_logs = true;
    // A worker computes a batch once all servers let it pull; then its pushes arrive in any order.
    v1::PullResponse pulled;
    for (uint32_t server = 0; server < servers; ++server) {
      while (!story.Pull(server, version, &pulled).ok()) {
        REQUIRE_FALSE(story.held_logs.empty());
        story.WriteHeldLogs();
      }
    }
    uint64_t died = 13;
    std::vector<std::pair<uint32_t, PartRange>> pushes;
    for (const PartRange& node : RandomNodes(kParts, random)) {
      for (uint32_t server = 0; server < servers; ++server) pushes.emplace_back(server, node);
    }
    std::shuffle(pushes.begin(), pushes.end(), random);
    for (const auto& [server, node] : pushes) {
      v1::PushResponse pushed;
      REQUIRE(story.Push(server, version, node, SumOf(PartsOf(version), node), &pushed).ok());
      if (random() % 6 == 0) story.WriteHeldLogs();
      if (random() % 40 == 0) {
        died = version;
        break;
      }
    }
    if (died > 12) {
      ++version;
      continue;
    }
    for (uint32_t server = 0; server < servers; ++server) {
      story.Die(server);
      story.Start(server, incarnation++);
    }
    story.held_logs.clear();
    const uint64_t end = EndOfLog(story);
    CAPTURE(died, end);
    // (One further where the batch in progress was complete.)
    REQUIRE(end + 1 >= died);
    REQUIRE(end <= died + 1);
    version = std::min(end, died);
    GoBack(story, version, owners, backups);
    REQUIRE(SameBits(story.PullAll(version), Undisturbed(version)));
    story.CheckCopies();
  }
  story.WriteHeldLogs();
  CHECK(SameBits(story.PullAll(12), Undisturbed(12)));
}

}  // namespace
}  // namespace pumasi
