// A slot on its way from one server to another, good and bad.
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <random>
#include <string>

#include "server/slot.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

constexpr uint32_t kParts = 4;

// One server with all of 4 slots, some batches on, in the middle of one.
std::unique_ptr<Shard> Trained(uint64_t batches, uint64_t seed = 1) {
  Shard::Options options;
  options.job = AdamJob(kParts);
  options.tables = SmallTables();
  options.layout.add_servers()->set_incarnation(5);
  for (int slot = 0; slot < 4; ++slot) options.layout.add_slot_owner(0);
  options.incarnation = 5;
  auto shard = *Shard::Create(options);
  std::mt19937_64 random(seed);
  const auto push = [&](uint64_t version, PartRange range) {
    v1::PushResponse response;
    REQUIRE(PushPlain(*shard, PushFor(options.layout, 0, version, range, RandomGradient(random)), &response).ok());
  };
  for (uint64_t version = 0; version < batches; ++version) push(version, {0, kParts});
  push(batches, {2, 3});
  push(batches, {0, 2});
  return shard;
}

TEST_CASE("A copy is the same to the byte: whole, or what changed on top of an older copy") {
  const uint32_t slot = GENERATE(0, 1, 2, 3), before = GENERATE(0, 1, 5);
  CAPTURE(slot, before);
  const auto old = Trained(before), shard = Trained(7);
  const v1::SlotState want = shard->slot(slot)->ToState(0, {});
  const auto copy = old->NewSlot(slot);
  REQUIRE(copy->TakeState(old->slot(slot)->ToState(0, {})).ok());
  CHECK(copy->ToState(0, {}).SerializeAsString() == old->slot(slot)->ToState(0, {}).SerializeAsString());
  const v1::SlotState changes = shard->slot(slot)->ToState(before, {});
  REQUIRE(copy->TakeState(changes).ok());
  CHECK(copy->version() == 7);
  CHECK(copy->has_before());
  CHECK(copy->Covers(7, {0, 2}) == PartTree::Coverage::kWhole);
  CHECK(copy->Covers(7, {3, 4}) == PartTree::Coverage::kNone);
  CHECK(copy->ToState(0, {}).SerializeAsString() == want.SerializeAsString());
  if (before == 5) CHECK(changes.ByteSizeLong() <= want.ByteSizeLong());
}

TEST_CASE("A state that does not fit is refused") {
  const auto shard = Trained(3);
  const v1::SlotState good = shard->slot(1)->ToState(0, {});
  REQUIRE(good.state().rows_size() == 1);
  REQUIRE(good.before().rows_size() == 1);
  const auto refused = [&](const std::function<void(v1::SlotState&)>& spoil) {
    v1::SlotState state = good;
    spoil(state);
    const absl::Status status = shard->NewSlot(1)->TakeState(state);
    return absl::IsInvalidArgument(status);
  };
  using S = v1::SlotState;
  CHECK_FALSE(refused([](S&) {}));
  CHECK(refused([](S& s) { s.set_slot(2); }));
  CHECK(refused([](S& s) { s.set_since(4); }));
  CHECK(refused([](S& s) { s.set_version(1); }));
  CHECK(refused([](S& s) { s.mutable_state()->mutable_rows(0)->set_table(1); }));
  CHECK(refused([](S& s) { s.mutable_state()->mutable_rows(0)->set_table(9); }));
  CHECK(refused([](S& s) { s.mutable_state()->mutable_rows(0)->add_deltas(1); }));
  CHECK(refused([](S& s) { s.mutable_state()->mutable_rows(0)->add_last_steps(1); }));
  CHECK(refused([](S& s) { s.mutable_state()->mutable_rows(0)->mutable_floats()->pop_back(); }));
  CHECK(refused([](S& s) { s.mutable_state()->mutable_dense()->RemoveLast(); }));
  CHECK(refused([](S& s) { s.mutable_state()->mutable_dense(0)->mutable_values()->append("1234"); }));
  CHECK(refused([](S& s) { s.mutable_state()->mutable_dense(0)->set_chunk(7); }));
  CHECK(refused([](S& s) { s.mutable_before()->mutable_dense()->RemoveLast(); }));
  CHECK(refused([](S& s) { s.mutable_before()->mutable_rows(0)->mutable_floats()->clear(); }));
  CHECK(refused([](S& s) { s.mutable_nodes(0)->set_end_part(3); }));
  CHECK(refused([](S& s) { s.mutable_nodes(0)->set_first_part(~0u); }));
  CHECK(refused([](S& s) { *s.add_nodes() = s.nodes(0); }));
}

TEST_CASE("Random damage to a state is refused or taken, and never more than that") {
  const uint32_t seed = GENERATE(range(0, 10));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto shard = Trained(3);
  const std::string good = shard->slot(1)->ToState(0, {}).SerializeAsString();
  const std::string small = shard->slot(0)->ToState(0, {}).SerializeAsString();
  for (int i = 0; i < 300; ++i) {
    const bool other = i % 2;
    std::string bytes = other ? small : good;
    for (int flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % (flips % 2 ? 150 : bytes.size())] ^= static_cast<char>(1 << random() % 8);
    }
    v1::SlotState state;
    if (!state.ParseFromString(bytes)) continue;
    const auto slot = shard->NewSlot(other ? 0 : 1);
    if (!slot->TakeState(state).ok()) continue;
    // It is of some use, too.
    (void)slot->ToState(0, {});
    std::vector<float> value(3), fresh(6);
    if (slot->has_before() && slot->version() > 0) {
      slot->ReadRow(0, 3, slot->version() - 1, shard->optimizers(), fresh.data(), value.data());
    }
  }
}

}  // namespace
}  // namespace pumasi
