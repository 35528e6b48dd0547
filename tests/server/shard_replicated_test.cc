// Shards of a replicated layout: each has every slot, and answers for all of them.
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <vector>

#include "common/error_detail.h"
#include "tests/server/plain_messages.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;
constexpr uint32_t kParts = 4;

// Servers 100 to 102, and 103 that is listed; the first `replicas` hold all slots.
v1::Layout Replicated(uint32_t replicas, bool filling = false) {
  v1::Layout layout;
  layout.set_epoch(filling ? 4 : 3);
  for (int server = 0; server < 4; ++server) layout.add_servers()->set_incarnation(100 + server);
  for (uint32_t replica = 0; replica < replicas; ++replica) layout.add_replicas(replica);
  for (uint32_t slot = 0; slot < ShardGroup::kSlots; ++slot) {
    layout.add_slot_owner(slot % replicas);
    if (filling) layout.add_slot_filling(1 + replicas);
  }
  return layout;
}

struct Copies {
  // What is sent to one server that holds everything alone is what each copy is sent.
  ShardGroup one{AdamJob(kParts), 1};
  std::vector<std::unique_ptr<Shard>> shards;
  std::mt19937_64 random{7};

  explicit Copies(uint32_t replicas) {
    for (uint32_t server = 0; server < 4; ++server) {
      Shard::Options options = one.options();
      options.layout = Replicated(replicas);
      options.incarnation = 100 + server;
      options.empty = server >= replicas;
      auto shard = Shard::Create(options);
      REQUIRE(shard.ok());
      shards.push_back(*std::move(shard));
    }
  }
  void Push(Shard& shard, uint64_t version, PartRange range, const Gradient& gradient) const {
    v1::PushResponse response;
    REQUIRE(PushPlain(shard, one.PushFor(0, version, range, gradient), &response).ok());
  }
  // A batch, to the first `copies`, to each in its own pieces.
  void Train(uint64_t version, uint32_t copies) {
    std::vector<Gradient> parts;
    for (uint32_t part = 0; part < kParts; ++part) parts.push_back(RandomGradient(random));
    for (uint32_t part = 0; part < kParts; ++part) one.Push(version, {part, part + 1}, parts[part]);
    for (uint32_t copy = 0; copy < copies; ++copy) {
      for (const PartRange& node : RandomNodes(kParts, random)) {
        Push(*shards[copy], version, node, SumOf(parts, node));
      }
    }
  }
  void CheckReads(const Shard& shard, uint64_t version) const {
    v1::PullResponse response;
    REQUIRE(PullPlain(shard, one.PullFor(0, version), &response).ok());
    AllValues all = NoValues();
    TakeAnswer(one.layout(), 0, response, &all);
    CHECK(SameBits(all, one.PullAll(version)));
  }
};

TEST_CASE("Every copy of a replicated layout answers pulls of all values, at its version and the one before") {
  Copies copies(3);
  for (uint64_t version = 0; version < 6; ++version) {
    copies.Train(version, 3);
    for (uint32_t copy = 0; copy < 3; ++copy) {
      CAPTURE(version, copy);
      copies.CheckReads(*copies.shards[copy], version + 1);
      copies.CheckReads(*copies.shards[copy], version);
    }
  }
}

TEST_CASE("Each slot of a replicated layout is in one server's checkpoint") {
  Copies copies(3);
  std::vector<int> times(ShardGroup::kSlots);
  for (const auto& shard : copies.shards) {
    for (const auto& slot : shard->PrimariesAt(0)) ++times[slot->number()];
  }
  CHECK(times == std::vector<int>(ShardGroup::kSlots, 1));
}

TEST_CASE("A copy that is behind keeps those that ask it for nothing waiting, too") {
  Copies copies(2);
  copies.Train(0, 1);
  v1::PullRequest empty;
  empty.set_version(1);
  v1::PullResponse response;
  CHECK(PullPlain(*copies.shards[0], empty, &response).ok());
  CHECK(ReasonOf(PullPlain(*copies.shards[1], empty, &response)) == D::NOT_READY);
}

TEST_CASE("A server that fills answers once it has all slots, and only when it is a replica for values") {
  Copies copies(2);
  copies.Train(0, 2);
  copies.Train(1, 2);
  for (uint32_t server = 0; server < 3; ++server) REQUIRE(copies.shards[server]->SetLayout(Replicated(2, true)).ok());
  Shard& joins = *copies.shards[2];
  v1::PullRequest empty;
  empty.set_version(2);
  v1::PullResponse response;
  for (uint32_t number = 0; number < ShardGroup::kSlots; ++number) {
    CHECK(ReasonOf(PullPlain(joins, empty, &response)) == D::NOT_READY);
    const Shard& primary = *copies.shards[number % 2];
    auto slot = joins.NewSlot(number);
    REQUIRE(slot->TakeState(primary.slot(number)->ToState(0, {})).ok());
    REQUIRE(joins.TakeSlot(slot, {}).ok());
  }
  CHECK(PullPlain(joins, empty, &response).ok());
  CHECK(ReasonOf(PullPlain(joins, copies.one.PullFor(0, 2), &response)) == D::MALFORMED);
  copies.Train(2, 3);
  v1::Layout whole = Replicated(3);
  whole.set_epoch(5);
  REQUIRE(joins.SetLayout(whole).ok());
  copies.CheckReads(joins, 3);
  copies.CheckReads(joins, 2);
}

}  // namespace
}  // namespace pumasi
