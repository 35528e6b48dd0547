#include "worker/collective/collective.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/match.h"
#include "tests/collective/collective_network.h"

namespace pumasi {
namespace {

CollectiveNetwork::Options Draw(uint64_t seed, uint32_t least_members) {
  std::mt19937_64 random(seed);
  CollectiveNetwork::Options options;
  options.seed = seed;
  options.group = RandomGroup(random, least_members + random() % 5, 1 + random() % 13, 1 + random() % 7);
  options.batches = 2 + random() % 4;
  options.late = random() % 2 ? 0.1 : 0;
  options.twice = random() % 2 ? 0.2 : 0;
  return options;
}

void CheckSums(CollectiveNetwork& network, uint32_t chunks) {
  for (uint32_t self = 0; self < network.members().size(); ++self) {
    const auto& member = network.members()[self];
    CAPTURE(self, member.wrong);
    CHECK(member.wrong.empty());
    for (const auto& [key, sum] : member.sums) {
      CAPTURE(key.first, key.second);
      REQUIRE(key.second < chunks);
      CHECK(SameBits(sum, network.work().Sum(key.first, key.second)));
    }
  }
}

TEST_CASE("All members get the sums of the tree, bit for bit, whatever the shares, owners and the network") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    const CollectiveNetwork::Options options = Draw(seed, 1);
    CollectiveNetwork network(options);
    REQUIRE(network.Run());
    CheckSums(network, options.group.chunks());
    for (const auto& member : network.members()) {
      CHECK_FALSE(member.broken);
      CHECK(member.all_have == options.batches);
      CHECK(member.sums.size() == options.batches * options.group.chunks());
    }
    const TransferPlan plan = PlanTransfers(options.group);
    // (A node that was not sent once its chunk's sum was there would be fine, too.)
    CHECK(network.nodes_sent() == plan.scatter.size() * options.batches);
    CHECK(network.sums_sent() == plan.gather.size() * options.batches);
  }
}

TEST_CASE("Parts may be computed by anybody, several times and in other nodes") {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    CollectiveNetwork::Options options = Draw(seed, 1);
    std::mt19937_64 random(seed);
    options.nodes.resize(options.group.size());
    const uint32_t parts = options.group.parts;
    for (uint32_t first = 0; first < parts;) {
      const PartRange node = LargestNode(first, parts, 1 + random() % parts, parts);
      options.nodes[random() % options.group.size()].push_back(node);
      first = node.end;
    }
    options.group.shares.clear();
    options.again = 1 + random() % 8;
    CollectiveNetwork network(options);
    REQUIRE(network.Run());
    CheckSums(network, options.group.chunks());
    for (const auto& member : network.members()) {
      CHECK_FALSE(member.broken);
      CHECK(member.all_have == options.batches);
    }
  }
}

TEST_CASE("Where messages take longer than anybody waits, the group ends, or gets there; never half of it") {
  uint64_t broken = 0, done = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    CollectiveNetwork::Options options = Draw(seed, 2);
    options.late = 0.1;
    options.patience = options.patience_computing = absl::Milliseconds(40);
    CollectiveNetwork network(options);
    REQUIRE(network.Run());
    CheckSums(network, options.group.chunks());
    for (const auto& member : network.members()) {
      CHECK((member.broken || member.all_have == options.batches));
      broken += member.broken.has_value();
      done += !member.broken;
    }
  }
  CHECK(broken > 100);
  CHECK(done > 100);
}

TEST_CASE("A member that dies ends the group at all others, which name it; what all have is applied everywhere") {
  uint64_t killed = 0, by_patience = 0;
  for (uint64_t seed = 1; seed <= 400; ++seed) {
    CAPTURE(seed);
    CollectiveNetwork::Options options = Draw(seed, 2);
    options.batches = 10;
    options.late = 0;  // lateness of more than the patience allows is its own test
    options.patience = absl::Milliseconds(400);
    options.patience_computing = absl::Milliseconds(3000);
    CollectiveNetwork network(options);
    const auto dies = static_cast<uint32_t>(network.random()() % options.group.size());
    const auto when = absl::Milliseconds(1 + static_cast<int64_t>(network.random()() % 400));
    // Sooner than anybody's patience ends, or later.
    const auto noticed = network.random()() % 2 ? absl::Milliseconds(50) : absl::Seconds(60);
    network.At(when, [&] { network.Kill(dies, noticed); });
    REQUIRE(network.Run());
    CheckSums(network, options.group.chunks());
    const bool over = std::any_of(network.members().begin(), network.members().end(),
                                  [&](const auto& member) { return member.all_have == options.batches; });
    for (uint32_t self = 0; self < options.group.size(); ++self) {
      const auto& member = network.members()[self];
      if (self == dies) continue;
      CAPTURE(self, dies, when, noticed);
      if (over && !member.broken) continue;
      ++killed;
      REQUIRE(member.broken);
      CAPTURE(std::string(member.broken->why.message()));
      CHECK(member.broken->members == std::vector<uint32_t>{dies});
      CHECK(absl::StrContains(member.broken->why.message(), options.group.members[dies]));
      by_patience += absl::StrContains(member.broken->why.message(), "waited");
    }
  }
  CHECK(killed > 500);
  CHECK(by_patience > 200);
}

TEST_CASE("A member that computes for long is waited for, and in the end named") {
  CollectiveNetwork::Options options;
  options.seed = 3;
  options.group.epoch = 7;
  options.group.members = {"worker-0", "worker-1", "worker-2"};
  options.group.parts = 4;
  options.group.owners = {0, 1, 2};
  options.group.shares = {{0, 2}, {2, 4}, {4, 4}};
  options.patience = absl::Milliseconds(100);
  options.patience_computing = absl::Seconds(10);
  options.compute = absl::Seconds(4);
  SECTION("it gets there") {
    CollectiveNetwork network(options);
    REQUIRE(network.Run());
    for (const auto& member : network.members()) CHECK(member.all_have == 1);
  }
  SECTION("it does not") {
    options.compute = absl::Milliseconds(1);
    CollectiveNetwork network(options);
    // Stopped before it has computed anything; its connection stays.
    network.members()[1].dead = true;
    REQUIRE(network.Run());
    CHECK(network.now() >= absl::Seconds(10));
    CHECK(network.members()[0].broken->why.message() ==
          "waited 10s for worker-1; batch 0 of epoch 7: parts 2-3 of worker-1");
    CHECK(absl::StrContains(network.members()[2].broken->why.message(), "worker-1"));
  }
}

std::unique_ptr<Collective> Make(const ChunkedWork& work, const Group& group, uint32_t self) {
  Collective::Options options;
  options.shape = work.Shape(group, self);
  return *Collective::Create(std::move(options), absl::ZeroDuration());
}

TEST_CASE("Messages of other groups and batches are old, or have to come again; lies are refused") {
  std::mt19937_64 random(9);
  const Group group = RandomGroup(random, 3, 4, 2);
  const ChunkedWork work(9, 4, 2);
  const auto collective = Make(work, group, 0);
  const absl::Duration now = absl::ZeroDuration();
  CollectiveMessage have;
  have.kind = CollectiveMessage::Kind::kHave;
  have.epoch = group.epoch;
  CHECK(*collective->Arrived(1, have, now) == Collective::Taken::kTaken);
  have.epoch = group.epoch + 1;
  CHECK(*collective->Arrived(1, have, now) == Collective::Taken::kNotYet);
  have.epoch = group.epoch - 1;
  CHECK(*collective->Arrived(1, have, now) == Collective::Taken::kOld);
  have.epoch = group.epoch;
  have.version = 2;
  CHECK(*collective->Arrived(1, have, now) == Collective::Taken::kNotYet);
  have.version = 1;
  CHECK(absl::StrContains(collective->Arrived(1, have, now).status().message(), "has not applied batch 0"));
  have.version = 0;
  CHECK(absl::IsInvalidArgument(collective->Arrived(0, have, now).status()));
  CHECK(absl::IsInvalidArgument(collective->Arrived(3, have, now).status()));
  have.members = {3};
  CHECK(absl::IsInvalidArgument(collective->Arrived(1, have, now).status()));
  CHECK(absl::IsFailedPrecondition(collective->Give(1, {0, 1}, work.ByChunk(1, {0, 1}), now)));
  CHECK(collective->version() == 0);
  CHECK_FALSE(collective->broken());
}

TEST_CASE("What is new puts off the end of patience, what comes again does not") {
  Group group;
  group.members = {"worker-0", "worker-1"};
  group.parts = 2;
  group.owners = {0, 1};
  const ChunkedWork work(12, 2, 2);
  Collective::Options options;
  options.patience = options.patience_computing = absl::Seconds(1);
  std::vector<std::unique_ptr<Collective>> both;
  for (uint32_t self = 0; self < 2; ++self) {
    options.shape = work.Shape(group, self);
    both.push_back(*Collective::Create(options, absl::ZeroDuration()));
  }
  absl::Duration now;
  // Long pauses between events: nobody looks at the clock meanwhile.
  const auto new_event = [&](Collective& collective, const std::function<void()>& event) {
    now += absl::Seconds(10);
    event();
    CHECK(collective.NextDeadline() >= now + options.patience / 2);
  };
  std::vector<std::pair<uint32_t, CollectiveMessage>> messages;  // with the receiver
  std::map<uint32_t, int> sums;
  const auto take = [&](uint32_t self) {
    for (CollectiveEffect& effect : both[self]->TakeEffects()) {
      if (auto* send = std::get_if<SendToMember>(&effect)) messages.emplace_back(send->to, std::move(send->message));
      sums[self] += std::holds_alternative<TakeSum>(effect);
    }
  };
  for (uint64_t version = 0; version < 3; ++version) {
    for (uint32_t self = 0; self < 2; ++self) {
      new_event(*both[self], [&] {
        REQUIRE(both[self]->Give(version, {self, self + 1}, work.ByChunk(version, {self, self + 1}), now).ok());
      });
      take(self);
    }
    while (!messages.empty()) {
      const auto [to, message] = std::move(messages.front());
      messages.erase(messages.begin());
      Collective& collective = *both[to];
      new_event(collective, [&] { REQUIRE(*collective.Arrived(1 - to, message, now) == Collective::Taken::kTaken); });
      const absl::Duration due = collective.NextDeadline();
      REQUIRE(collective.Arrived(1 - to, message, now + absl::Milliseconds(1)).ok());
      CHECK(collective.NextDeadline() == due);
      take(to);
      if (sums[to] < 2) continue;
      sums[to] = 0;
      new_event(collective, [&] { collective.Applied(version, now); });
      take(to);
    }
    for (const auto& one : both) CHECK(one->version() == version + 1);
  }
}

TEST_CASE("What comes of the next batch shows that all have this one") {
  Group group;
  group.members = {"worker-0", "worker-1", "worker-2"};
  group.parts = 1;
  group.owners = {0};
  const ChunkedWork work(13, 1, 1);
  const auto collective = Make(work, group, 0);
  const absl::Duration now = absl::ZeroDuration();
  REQUIRE(collective->Give(0, {0, 1}, work.ByChunk(0, {0, 1}), now).ok());
  collective->Applied(0, now);
  CollectiveMessage message;
  message.kind = CollectiveMessage::Kind::kHave;
  REQUIRE(*collective->Arrived(1, message, now) == Collective::Taken::kTaken);
  CHECK(collective->version() == 0);
  CHECK(collective->WaitingFor() == "batch 0 of epoch 0: worker-2 to apply the sums");
  // worker-2 told worker-1, which went on; its word is still on its way to here.
  message.kind = CollectiveMessage::Kind::kNode;
  message.version = 1;
  message.node = {0, 1};
  message.gradient = std::make_shared<const Gradient>(work.Sum(1, 0));
  REQUIRE(*collective->Arrived(1, message, now) == Collective::Taken::kTaken);
  CHECK(collective->version() == 1);
  message = {};
  message.kind = CollectiveMessage::Kind::kHave;
  CHECK(*collective->Arrived(2, message, now) == Collective::Taken::kOld);
}

TEST_CASE("A group that goes on alone needs nobody") {
  Group group;
  group.members = {"worker-0"};
  group.parts = 3;
  group.owners = {0, 0};
  const ChunkedWork work(11, 3, 2);
  const auto collective = Make(work, group, 0);
  for (uint64_t version = 0; version < 3; ++version) {
    for (const PartRange part : {PartRange{2, 3}, {0, 2}}) {
      REQUIRE(collective->Give(version, part, work.ByChunk(version, part), absl::ZeroDuration()).ok());
    }
    collective->Applied(version, absl::ZeroDuration());
    CHECK(collective->version() == version + 1);
    const auto effects = collective->TakeEffects();
    REQUIRE(effects.size() == 3);
    CHECK(SameBits(*std::get<TakeSum>(effects[0]).sum, work.Sum(version, 0)));
    CHECK(std::get<AllHave>(effects[2]).version == version);
  }
  CHECK(collective->NextDeadline() == absl::InfiniteDuration());
}

}  // namespace
}  // namespace pumasi
