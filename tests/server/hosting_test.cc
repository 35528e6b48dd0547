// One job on some servers: layouts, copies, deaths. Slots are the characters of a string, servers its digits.
#include "server/hosting.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

#include "tests/server/hosting_story.h"
#include "tests/server/plain_messages.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

constexpr uint32_t kParts = 4;

std::vector<Gradient> PartsOf(uint64_t version) {
  std::mt19937_64 random(version + 1000);
  std::vector<Gradient> gradients;
  for (uint32_t part = 0; part < kParts; ++part) gradients.push_back(RandomGradient(random));
  return gradients;
}

void Train(HostingStory& story, uint64_t version) {
  for (uint32_t part = 0; part < kParts; ++part) story.PushAll(version, {part, part + 1}, PartsOf(version)[part]);
}

// What an undisturbed job comes to.
AllValues Undisturbed(uint64_t version) {
  ShardGroup group(AdamJob(kParts), 1);
  for (uint64_t v = 0; v < version; ++v) {
    for (uint32_t part = 0; part < kParts; ++part) group.Push(v, {part, part + 1}, PartsOf(v)[part]);
  }
  return group.PullAll(version);
}

TEST_CASE("Tables are made, the scheduler hears of it, and training goes on") {
  HostingStory story(AdamJob(kParts), 2, "0011");
  CHECK(story.Last<v1::ReportReadyRequest>(0).layout_epoch() == 1);
  CHECK(story.Last<v1::ReportReadyRequest>(1).incarnation() == 101);
  Train(story, 0);
  Train(story, 1);
  CHECK(SameBits(story.PullAll(2), Undisturbed(2)));
}

TEST_CASE("Who may call: living workers of the job under this layout") {
  HostingStory story(AdamJob(kParts), 1, "00");
  v1::PullResponse pulled;
  v1::PushResponse pushed;
  CHECK(story.Pull(0, 0, &pulled).ok());
  CHECK(ReasonOf(story.Pull(0, 0, &pulled, kDeadWorker)) == D::STALE_INCARNATION);
  CHECK(ReasonOf(story.Pull(0, 0, &pulled, 99)) == D::UNKNOWN_INCARNATION);
  CHECK(ReasonOf(story.Push(0, 0, {0, 1}, PartsOf(0)[0], &pushed, kDeadWorker)) == D::STALE_INCARNATION);
  v1::PushRequest request = PushFor(story.layout(), 0, 0, {0, 1}, PartsOf(0)[0]);
  request.mutable_header()->set_incarnation(kWorker);
  request.mutable_header()->set_layout_epoch(2);
  const absl::Status status = PushPlain(story.server(0), request, &pushed, story.now());
  CHECK(ReasonOf(status) == D::STALE_LAYOUT);
  CHECK(DetailOf(status)->layout_epoch() == 1);
  CHECK(story.server(0).shard()->slot(0)->Covers(0, {0, 1}) == PartTree::Coverage::kNone);
}

TEST_CASE("Before tables are made, callers wait") {
  Hosting hosting({.incarnation = 100, .node = "server"});
  v1::PullResponse response;
  CHECK(ReasonOf(PullPlain(hosting, {}, &response)) == D::UNAVAILABLE);
}

TEST_CASE("A pull waits for the copies, too: no part is computed before all have the batch before") {
  HostingStory story(AdamJob(kParts), 2, "0000", "1111");
  v1::PushResponse pushed;
  v1::PullResponse pulled;
  REQUIRE(story.Push(0, 0, {0, 4}, SumOf(PartsOf(0), {0, 4}), &pushed).ok());
  CHECK(story.Pull(0, 1, &pulled).ok());
  const uint64_t changed = story.server(1).changed();
  CHECK(ReasonOf(story.Pull(1, 1, &pulled)) == D::NOT_READY);
  REQUIRE(story.Push(1, 0, {0, 4}, SumOf(PartsOf(0), {0, 4}), &pushed).ok());
  CHECK(story.server(1).changed() != changed);
  CHECK(story.Pull(1, 1, &pulled).ok());
  story.CheckCopies();
}

TEST_CASE(
    "The primary dies before or after the backup has a batch: its units are computed again with the same values") {
  const bool backup_first = GENERATE(false, true);
  CAPTURE(backup_first);
  HostingStory story(AdamJob(kParts), 2, "0000", "1111");
  Train(story, 0);
  for (uint32_t part = 0; part < 3; ++part) story.PushAll(1, {part, part + 1}, PartsOf(1)[part]);
  v1::PushResponse pushed;
  REQUIRE(story.Push(backup_first ? 1 : 0, 1, {3, 4}, PartsOf(1)[3], &pushed).ok());
  story.Die(0);
  story.Relayout("1111");
  // The worker of part 3 is gone, too. Another one pulls what it saw, and pushes what it pushed.
  CHECK(SameBits(story.PullAll(1), Undisturbed(1)));
  REQUIRE(story.Push(1, 1, {3, 4}, PartsOf(1)[3], &pushed).ok());
  CHECK(pushed.outcome() == (backup_first ? v1::PushResponse::DUPLICATE : v1::PushResponse::ACCEPTED));
  CHECK(SameBits(story.PullAll(2), Undisturbed(2)));
}

TEST_CASE("A slot moves: copied ahead, filled with what changed since, and then it belongs to the other server") {
  HostingStory story(AdamJob(kParts), 2, "0000");
  Train(story, 0);
  Train(story, 1);
  story.Prefetch(1, {2, 3});
  CHECK(story.Last<v1::ReportFilledRequest>(1).prefetched_size() == 2);
  CHECK(story.Last<v1::ReportFilledRequest>(1).filled_size() == 0);
  Train(story, 2);
  // In the middle of a batch.
  story.PushAll(3, {0, 2}, SumOf(PartsOf(3), {0, 2}));
  story.Relayout("0000", "", "--11");
  const auto report = story.Last<v1::ReportFilledRequest>(1);
  CHECK(report.filled_size() == 2);
  CHECK(report.layout_epoch() == 2);
  story.CheckCopies();
  story.PushAll(3, {2, 4}, SumOf(PartsOf(3), {2, 4}));
  story.CheckCopies();
  story.Relayout("0011");
  CHECK_FALSE(story.server(0).shard()->whole(2));
  CHECK(SameBits(story.PullAll(3), Undisturbed(3)));
  Train(story, 4);
  CHECK(SameBits(story.PullAll(5), Undisturbed(5)));
}

TEST_CASE("A copy knows the values from before the last batch, too") {
  HostingStory story(AdamJob(kParts), 2, "0000");
  Train(story, 0);
  Train(story, 1);
  story.Relayout("0000", "", "1111");
  story.Relayout("1111");
  CHECK(SameBits(story.PullAll(1), Undisturbed(1)));
  CHECK(SameBits(story.PullAll(2), Undisturbed(2)));
}

TEST_CASE("A server that joins later holds nothing until it has copied") {
  HostingStory story(AdamJob(kParts), 2, "0000");
  Train(story, 0);
  story.Die(1);
  Hosting joined({.incarnation = 101, .node = "late"});
  joined.Assign(story.assignment(), story.now());
  HostingEffects effects = joined.TakeEffects();
  REQUIRE(effects.shards.size() == 1);
  CHECK(effects.shards[0].options.empty);
  FailingFiles disk;
  joined.ShardMade(effects.shards[0].ticket, MakeShard(effects.shards[0], disk), story.now());
  REQUIRE(joined.shard() != nullptr);
  CHECK_FALSE(joined.shard()->LeastVersion().has_value());
  CHECK(joined.TakeEffects().empty());
}

TEST_CASE("A server that is to be filled refuses pushes and pulls until it is whole") {
  HostingStory story(AdamJob(kParts), 2, "0000");
  Train(story, 0);
  story.Die(0);  // nobody to copy from
  story.Relayout("0000", "", "--11");
  v1::PushResponse pushed;
  v1::PullResponse pulled;
  CHECK(ReasonOf(story.Push(1, 1, {0, 1}, PartsOf(1)[0], &pushed)) == D::NOT_READY);
  CHECK(ReasonOf(story.Pull(1, 1, &pulled)) == D::NOT_READY);
  CHECK(story.Last<v1::ReportFilledRequest>(1).failed_size() == 0);
  for (int i = 0; i < 60; ++i) story.Pass(absl::Milliseconds(100));
  const auto report = story.Last<v1::ReportFilledRequest>(1);
  CHECK(report.failed_size() == 2);
  CHECK(report.error() == "slot 3: nobody is there");
  CHECK(story.server(1).NextDeadline() > story.now());
}

TEST_CASE("A copy that is ahead of the slot's new primary is thrown away") {
  HostingStory story(AdamJob(kParts), 3, "0", "1");
  Train(story, 0);
  // The primary has batch 1, the backup lacks a part of it.
  v1::PushResponse pushed;
  for (uint32_t part = 0; part < 4; ++part) REQUIRE(story.Push(0, 1, {part, part + 1}, PartsOf(1)[part], &pushed).ok());
  for (uint32_t part = 0; part < 3; ++part) REQUIRE(story.Push(1, 1, {part, part + 1}, PartsOf(1)[part], &pushed).ok());
  story.Prefetch(2, {0});
  story.Die(0);
  story.Relayout("1", "-", "2");
  story.CheckCopies();
  story.PushAll(1, {3, 4}, PartsOf(1)[3]);
  story.CheckCopies();
  CHECK(SameBits(story.PullAll(2), Undisturbed(2)));
}

TEST_CASE("Slots move back and forth at random while training goes on, and nothing of it shows") {
  const uint32_t seed = GENERATE(range(0, 12));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const uint32_t servers = 3, slots = 6;
  const auto digits = [&](bool gaps) {
    std::string text;
    for (uint32_t i = 0; i < slots; ++i)
      text += gaps && random() % 2 ? '-' : static_cast<char>('0' + random() % servers);
    return text;
  };
  // No server twice in a slot's list.
  const auto without = [](std::string copies, const std::string& others) {
    for (size_t i = 0; i < copies.size(); ++i) {
      if (copies[i] == others[i]) copies[i] = '-';
    }
    return copies;
  };
  std::string owners = digits(false), backups = without(digits(true), owners);
  HostingStory story(AdamJob(kParts), servers, owners, backups);
  const auto maybe_change = [&] {
    if (random() % 3 != 0) return;
    if (random() % 2 == 0) {
      std::vector<uint32_t> wish;
      const uint32_t server = random() % servers;
      for (uint32_t slot = 0; slot < slots; ++slot) {
        if (!Holds(story.layout(), server, slot)) wish.push_back(slot);
      }
      story.Prefetch(server, wish);
      return;
    }
    const std::string filling = without(without(digits(true), owners), backups);
    story.Relayout(owners, backups, filling);
    if (random() % 2 == 0) return;
    // What was filled takes over, or becomes the backup; backups are promoted.
    for (uint32_t slot = 0; slot < slots; ++slot) {
      if (filling[slot] != '-') (random() % 2 ? owners : backups)[slot] = filling[slot];
      if (backups[slot] != '-' && random() % 3 == 0) std::swap(owners[slot], backups[slot]);
    }
    story.Relayout(owners, backups);
  };
  for (uint64_t version = 0; version < 12; ++version) {
    for (const PartRange& node : RandomNodes(kParts, random)) {
      maybe_change();
      story.PushAll(version, node, SumOf(PartsOf(version), node));
      if (random() % 4 == 0) story.PushAll(version, node, SumOf(PartsOf(version), node));
    }
    story.CheckCopies();
    CAPTURE(version, owners, backups);
    REQUIRE(SameBits(story.PullAll(version + 1), Undisturbed(version + 1)));
  }
}

TEST_CASE("Pushes in any order, lost and repeated, leave copies with the same bytes") {
  const uint32_t seed = GENERATE(range(0, 8));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  HostingStory story(AdamJob(kParts), 3, "012012", "120201");
  for (uint64_t version = 0; version < 8; ++version) {
    struct Message {
      uint32_t server;
      PartRange node;
    };
    std::vector<Message> open;
    for (const PartRange& node : RandomNodes(kParts, random)) {
      for (uint32_t server = 0; server < 3; ++server) open.push_back({server, node});
    }
    while (!open.empty()) {
      const size_t at = random() % open.size();
      v1::PushResponse response;
      const Message message = open[at];
      const absl::Status status =
          story.Push(message.server, version, message.node, SumOf(PartsOf(version), message.node), &response);
      REQUIRE(status.ok());
      // Its answer may be lost: then it comes again.
      if (random() % 3 != 0) open.erase(open.begin() + at);
    }
    story.CheckCopies();
  }
  CHECK(SameBits(story.PullAll(8), Undisturbed(8)));
}

TEST_CASE("What a server remembers of pushes is bounded by the batch in progress") {
  HostingStory story(AdamJob(kParts), 1, "00");
  for (uint64_t version = 0; version < 50; ++version) {
    Train(story, version);
    for (uint64_t old = 0; old <= version; ++old) story.PushAll(old, {0, 1}, PartsOf(old)[0]);
    CHECK(story.server(0).shard()->slot(0)->ToState(0, {}).nodes_size() == 0);
  }
}

TEST_CASE("Going back to a checkpoint: a new generation begins anew, and nothing of the old one counts") {
  HostingStory story(AdamJob(kParts), 2, "0000", "1111");
  Train(story, 0);
  story.assignment().set_state(v1::RECOVERING);
  story.AssignAll();
  v1::PullResponse pulled;
  CHECK(ReasonOf(story.Pull(0, 0, &pulled)) == D::UNAVAILABLE);
  story.assignment().mutable_layout()->set_generation(2);
  story.assignment().set_state(v1::ALLOCATING);
  story.Relayout("0011");
  CHECK(story.Last<v1::ReportReadyRequest>(1).layout_epoch() == 2);
  story.assignment().set_state(v1::TRAINING);
  story.AssignAll();
  CHECK(SameBits(story.PullAll(0), Undisturbed(0)));
  // An assignment of before, that was late.
  v1::Assignment old = story.assignment();
  old.mutable_layout()->set_generation(1);
  story.server(0).Assign(old, story.now());
  story.Settle();
  CHECK(story.Pull(0, 0, &pulled).ok());
}

}  // namespace
}  // namespace pumasi
