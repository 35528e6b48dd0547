// The log of applied gradients on servers: what waits for it, and what stands in which file.
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

TEST_CASE("A pull waits for the log of all batches but the one before, and is told so") {
  HostingStory story(LoggedJob(), 1, "00");
  story.hold_logs = true;
  v1::PullResponse pulled;
  Train(story, 0);
  REQUIRE(story.held_logs.size() == 1);
  CHECK(story.Pull(0, 1, &pulled).ok());
  Train(story, 1);
  // One write at a time.
  CHECK(story.held_logs.size() == 1);
  const absl::Status status = story.Pull(0, 2, &pulled);
  CHECK(ReasonOf(status) == D::NOT_READY);
  CHECK(DetailOf(status)->waiting_for() == "the log of batch 0 to be on the disk");
  CHECK(DetailOf(status)->version() == 2);
  CHECK(story.Pull(0, 1, &pulled).ok());
  const uint64_t changed = story.server(0).changed();
  story.WriteHeldLogs();
  CHECK(story.server(0).changed() != changed);
  CHECK(story.Pull(0, 2, &pulled).ok());
  CHECK(EndOfLog(story) == 1);
  REQUIRE(story.held_logs.size() == 1);
  story.WriteHeldLogs();
  CHECK(EndOfLog(story) == 2);
  CHECK(story.held_logs.empty());
}

TEST_CASE("A write of the log that hangs is not waited for for ever: training goes on, and the scheduler is told") {
  HostingStory story(LoggedJob(4), 1, "00");
  story.hold_logs = true;
  Train(story, 0);
  Train(story, 1);
  REQUIRE(story.held_logs.size() == 1);
  v1::PullResponse pulled;
  CHECK(ReasonOf(story.Pull(0, 2, &pulled)) == D::NOT_READY);
  CHECK(story.server(0).NextDeadline() <= story.now() + absl::Seconds(20));
  const uint64_t changed = story.server(0).changed();
  story.Pass(absl::Seconds(20));
  CHECK(story.server(0).changed() != changed);
  const std::string lost = "; until the next checkpoint, a job that loses parameters goes back to batch ";
  const auto told = [&] { return story.Last<v1::ReportFailureRequest>(0).message(); };
  CHECK(told() == "could not write the log of batch 0: the disk has not answered for 20s" + lost + "0 at best");
  CHECK(story.Last<v1::ReportFailureRequest>(0).goes_on());
  // Nothing is kept for the disk, and nobody waits for it.
  for (uint64_t version = 2; version < 6; ++version) {
    CHECK(story.Pull(0, version, &pulled).ok());
    Train(story, version);
  }
  CHECK(story.held_logs.size() == 1);
  CHECK(told() == "could not write the log of batch 4: the disk does not answer" + lost + "4 at best");
  // It wakes up: the log goes on, with a gap until the next checkpoint.
  story.hold_logs = false;
  story.WriteHeldLogs();
  for (uint64_t version = 6; version < 10; ++version) Train(story, version);
  CHECK(EndOfLog(story) == 1);
  CHECK(EndOfLog(story, 8) == 10);
}

TEST_CASE("Planted: pulls that do not wait for the log are answered") {
  HostingStory story(LoggedJob(), 1, "00");
  story.hold_logs = true;
  for (uint64_t version = 0; version < 3; ++version) Train(story, version);
  v1::PullResponse pulled;
  CHECK(ReasonOf(story.Pull(0, 3, &pulled)) == D::NOT_READY);
  ScopedPlantedBug bug(PlantedBug::kLogDoesNotGate);
  CHECK(story.Pull(0, 3, &pulled).ok());
}

TEST_CASE("Primary and backup both log what they apply, and a slot that is being filled once it is whole") {
  HostingStory story(LoggedJob(), 3, "000", "111");
  Train(story, 0);
  story.Relayout("000", "111", "--2");
  Train(story, 1);
  const std::vector<std::string> names = LogFiles(story);
  CHECK(names == std::vector<std::string>{"log-000000000-0000000000000064-g1-1", "log-000000000-0000000000000065-g1-1",
                                          "log-000000000-0000000000000066-g1-1"});
  REQUIRE(story.disk().Remove(story.assignment().push_log() + "/" + names[0]).ok());
  REQUIRE(story.disk().Remove(story.assignment().push_log() + "/" + names[1]).ok());
  const auto log = OpenLog(story);
  CHECK(log->records() == 1);
  CHECK(log->EndOf(2, 1) == 2);
}

TEST_CASE("Without a log nothing is recorded, and no pull waits") {
  HostingStory story(AdamJob(kParts), 1, "00");
  story.hold_logs = true;
  for (uint64_t version = 0; version < 5; ++version) Train(story, version);
  CHECK(story.held_logs.empty());
  CHECK(SameBits(story.PullAll(5), Undisturbed(5)));
}

TEST_CASE("Each checkpoint begins a file, and those before it are not needed to go on from it") {
  HostingStory story(LoggedJob(3), 2, "0011");
  for (uint64_t version = 0; version < 8; ++version) Train(story, version);
  std::set<std::string> begins;
  for (const std::string& name : LogFiles(story)) begins.insert(name.substr(0, 13));
  CHECK(begins == std::set<std::string>{"log-000000000", "log-000000003", "log-000000006"});
  REQUIRE(RemoveLogBefore(story.disk(), story.assignment().push_log(), 6).ok());
  CHECK(EndOfLog(story, 6) == 8);
  CHECK(OpenLog(story)->records() == 2 * 4);
}

TEST_CASE("What waited for a write is written at once, each batch to its file") {
  HostingStory story(LoggedJob(3), 1, "00");
  story.hold_logs = true;
  for (uint64_t version = 0; version < 4; ++version) Train(story, version);
  // The first wish has batch 0.
  story.WriteHeldLogs();
  REQUIRE(story.held_logs.size() == 1);
  const LogWish& wish = story.held_logs[0].second;
  REQUIRE(wish.parts.size() == 2);
  CHECK(wish.parts[0].first_version == 0);
  CHECK(wish.parts[1].first_version == 3);
  story.WriteHeldLogs();
  CHECK(EndOfLog(story) == 4);
  REQUIRE(RemoveLogBefore(story.disk(), story.assignment().push_log(), 3).ok());
  CHECK(EndOfLog(story, 3) == 4);
}

TEST_CASE("A batch that a slot applies late stands in the later file, and no earlier one is begun again") {
  HostingStory story(LoggedJob(3), 2, "01");
  const auto push = [&](uint32_t server, uint64_t version) {
    v1::PushResponse response;
    REQUIRE(story.Push(server, version, {0, kParts}, SumOf(PartsOf(version), {0, kParts}), &response).ok());
  };
  for (uint64_t version = 0; version < 2; ++version) push(0, version);
  for (uint64_t version = 0; version < 4; ++version) push(1, version);
  // Server 1 gets the slot that is behind.
  story.Relayout("01", "", "1-");
  for (uint64_t version = 2; version < 4; ++version) push(1, version);
  CHECK(EndOfLog(story) == 4);
  // Of server 0 one file, of server 1 two.
  CHECK(LogFiles(story).size() == 3);
}

TEST_CASE("A slot is handed over once all that its new holder does not log itself is on the disk") {
  HostingStory story(LoggedJob(), 2, "00");
  story.hold_logs = true;
  Train(story, 0);
  Train(story, 1);
  // A copy made ahead of time takes no part in it.
  story.Prefetch(1, {1});
  CHECK(story.Last<v1::ReportFilledRequest>(1).prefetched_size() == 1);
  story.Relayout("00", "", "-1");
  const auto fetch = [&] {
    v1::FetchSlotRequest request;
    request.mutable_header()->set_job_id("job");
    request.mutable_header()->set_layout_epoch(story.layout().epoch());
    request.mutable_header()->set_incarnation(101);
    request.set_slot(1);
    return story.server(0).FetchSlot(request).status();
  };
  for (const uint64_t batch : {0, 1}) {
    story.Pass(absl::Seconds(1));
    CHECK_FALSE(story.server(1).shard()->whole(1));
    const absl::Status status = fetch();
    CHECK(ReasonOf(status) == D::NOT_READY);
    CHECK(DetailOf(status)->waiting_for() == "the log of batch " + std::to_string(batch) + " to be on the disk");
    const uint64_t changed = story.server(0).changed();
    story.WriteHeldLogs();
    CHECK(story.server(0).changed() != changed);
  }
  CHECK(fetch().ok());
  story.Pass(absl::Seconds(1));
  CHECK(story.server(1).shard()->whole(1));
  story.Relayout("01");
  Train(story, 2);
  story.WriteHeldLogs();
  CHECK(EndOfLog(story) == 3);
  CHECK(SameBits(story.PullAll(3), Undisturbed(3)));
}

TEST_CASE("A slot that was handed over is whole in the log though its old holder dies before its next write") {
  const uint32_t seed = GENERATE(range(0, 20));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  // One slot: with its only holder all writes that are under way are lost.
  HostingStory story(LoggedJob(3), 2, "0");
  story.hold_logs = true;
  uint64_t incarnation = 200;
  uint32_t holder = 0;
  uint64_t version = 0;
  while (version < 12) {
    v1::PullResponse pulled;
    while (!story.Pull(holder, version, &pulled).ok()) {
      REQUIRE_FALSE(story.held_logs.empty());
      story.WriteHeldLogs();
    }
    Train(story, version++);
    if (random() % 2 == 0) continue;
    const uint32_t next = 1 - holder;
    if (random() % 2 == 0) story.Prefetch(next, {0});
    const std::string name = std::to_string(holder), next_name = std::to_string(next);
    story.Relayout(name, "", next_name);
    for (int tries = 0; tries < 10 && !story.server(next).shard()->whole(0); ++tries) {
      story.WriteHeldLogs();
      story.Pass(absl::Seconds(1));
    }
    REQUIRE(story.server(next).shard()->whole(0));
    story.CheckCopies();
    if (random() % 2 == 0) Train(story, version++);
    // Either the copy stays and its primary dies, or the slot moves.
    if (random() % 2 == 0) story.Relayout(name, next_name);
    story.Relayout(next_name);
    story.Prefetch(next, {});
    story.Die(holder);
    auto& held = story.held_logs;
    held.erase(std::remove_if(held.begin(), held.end(), [&](const auto& log) { return log.first == holder; }),
               held.end());
    story.Start(holder, incarnation++);
    story.AssignAll();
    while (!held.empty()) story.WriteHeldLogs();
    holder = next;
    CAPTURE(version);
    REQUIRE(EndOfLog(story) == version);
  }
  while (!story.held_logs.empty()) story.WriteHeldLogs();
  CHECK(SameBits(story.PullAll(version), Undisturbed(version)));
}

TEST_CASE("The final model is written once the log is: a later write would make the removed log anew") {
  HostingStory story(LoggedJob(), 1, "00");
  story.hold_logs = story.hold_snapshots = true;
  for (uint64_t version = 0; version < 3; ++version) Train(story, version);
  story.assignment().set_state(v1::SAVING);
  story.assignment().set_save_version(3);
  story.assignment().set_save_folder(".model-g1.tmp");
  story.AssignAll();
  while (!story.held_logs.empty()) {
    CHECK(story.held.empty());
    story.WriteHeldLogs();
  }
  CHECK(story.held.size() == 1);
}

}  // namespace
}  // namespace pumasi
