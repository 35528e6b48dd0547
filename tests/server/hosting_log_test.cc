// The log of applied gradients on servers: what waits for it, what stands in which file, and what is left of it.
#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/checkpoint/push_log.h"
#include "common/planted_bug.h"
#include "tests/server/hosting_story.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

constexpr uint32_t kParts = 4;

v1::Job LoggedJob(uint64_t every_batches = 5) {
  v1::Job job = AdamJob(kParts);
  job.set_durability(v1::DURABILITY_BATCH);
  job.mutable_checkpoint()->set_every_batches(every_batches);
  return job;
}

std::vector<Gradient> PartsOf(uint64_t version) {
  std::mt19937_64 random(version + 1000);
  std::vector<Gradient> gradients;
  for (uint32_t part = 0; part < kParts; ++part) gradients.push_back(RandomGradient(random));
  return gradients;
}

void Train(HostingStory& story, uint64_t version) {
  story.PushAll(version, {0, kParts}, SumOf(PartsOf(version), {0, kParts}));
}

AllValues Undisturbed(uint64_t version) {
  ShardGroup group(AdamJob(kParts), 1);
  for (uint64_t v = 0; v < version; ++v) group.Push(v, {0, kParts}, SumOf(PartsOf(v), {0, kParts}));
  return group.PullAll(version);
}

std::unique_ptr<PushLog> OpenLog(HostingStory& story) {
  auto log = PushLog::Open(story.disk(), story.assignment().push_log());
  REQUIRE(log.ok());
  return *std::move(log);
}

// The first version that a slot lacks a record of.
uint64_t EndOfLog(HostingStory& story, uint64_t from = 0) {
  const auto log = OpenLog(story);
  uint64_t end = log->EndOf(0, from);
  for (int slot = 1; slot < story.layout().slot_owner_size(); ++slot) end = std::min(end, log->EndOf(slot, from));
  return end;
}

// A new generation at `version`.
void GoBack(HostingStory& story, uint64_t version, const std::string& owners, const std::string& backups = "") {
  story.assignment().mutable_layout()->set_generation(story.layout().generation() + 1);
  story.assignment().mutable_start()->set_version(version);
  story.assignment().set_state(v1::ALLOCATING);
  story.Relayout(owners, backups);
  story.assignment().set_state(v1::TRAINING);
  story.AssignAll();
}

std::vector<std::string> LogFiles(HostingStory& story) {
  auto names = story.disk().List(story.assignment().push_log());
  REQUIRE(names.ok());
  return *names;
}

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
