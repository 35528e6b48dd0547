// What a pull has computed of rows is used again, and changes no bits.
#include "server/pulled_rows.h"

#include <catch2/catch.hpp>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "tests/ops/optimizer_cases.h"
#include "tests/server/hosting_story.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

std::vector<Gradient> RandomParts(uint32_t parts, std::mt19937_64& random) {
  std::vector<Gradient> all;
  for (uint32_t part = 0; part < parts; ++part) all.push_back(RandomGradient(random));
  return all;
}

TEST_CASE("Pulls between pushes change no bits") {
  const std::string text = GENERATE(from_range(OptimizerCases()));
  const auto seed = std::random_device()();
  CAPTURE(text, seed);
  std::mt19937_64 random(seed);
  v1::Job job;
  job.set_micro_batches(3);
  *job.mutable_optimizer() = ParseOptimizer(text);
  // One of them is asked for nothing until the end.
  ShardGroup group(job, 3), plain(job, 3);
  std::optional<AllValues> last;
  for (uint64_t version = 0; version < 12; ++version) {
    CAPTURE(version);
    const std::vector<Gradient> parts = RandomParts(3, random);
    // Of the version before, by now: what was kept of it says the same as the values from before the batch.
    if (last.has_value()) REQUIRE(SameBits(group.PullAll(version - 1), *last));
    last.reset();
    for (uint64_t i = 0, pulls = random() % 3; i < pulls; ++i) {
      last = group.PullAll(version);
      REQUIRE(SameBits(group.PullAll(version), *last));
    }
    for (const PartRange& node : RandomNodes(3, random)) {
      group.Push(version, node, SumOf(parts, node));
      plain.Push(version, node, SumOf(parts, node));
    }
  }
  CHECK(SameBits(group.PullAll(12), plain.PullAll(12)));
}

TEST_CASE("Pulls between pushes change no bits where the rate changes") {
  const std::string text = GENERATE(from_range(OptimizerCases()));
  const auto seed = std::random_device()();
  CAPTURE(text, seed);
  std::mt19937_64 random(seed);
  v1::Job job;
  job.set_micro_batches(3);
  *job.mutable_optimizer() = ParseOptimizer(text);
  ShardGroup group(job, 2), plain(job, 2);
  RateChanges changes;
  const auto push = [&](ShardGroup& to, uint64_t version, PartRange node, const Gradient& gradient) {
    for (uint32_t server = 0; server < to.shards().size(); ++server) {
      v1::PushRequest request = to.PushFor(server, version, node, gradient);
      *request.mutable_rate_changes() = {changes.begin(), changes.end()};
      v1::PushResponse response;
      const absl::Status status = PushPlain(*to.shards()[server], request, &response);
      INFO(status.ToString());
      REQUIRE(status.ok());
    }
  };
  for (uint64_t version = 0; version < 12; ++version) {
    CAPTURE(version);
    const std::vector<Gradient> parts = RandomParts(3, random);
    std::optional<AllValues> last;
    const auto maybe_pull = [&] {
      if (random() % 2 == 0) return;
      const AllValues values = group.PullAll(version);
      if (last.has_value()) REQUIRE(SameBits(values, *last));
      last = values;
    };
    maybe_pull();
    if (random() % 3 == 0) {
      v1::RateChange& change = changes.emplace_back();
      change.set_from_step(version + 1);
      change.set_factor(changes.size() == 1 ? 0.5 : changes[changes.size() - 2].factor() / 2);
    }
    for (const PartRange& node : RandomNodes(3, random)) {
      push(group, version, node, SumOf(parts, node));
      push(plain, version, node, SumOf(parts, node));
      maybe_pull();
    }
  }
  CHECK(SameBits(group.PullAll(12), plain.PullAll(12)));
}

TEST_CASE("Pulls between pushes change no bits where slots move") {
  const std::string text = GENERATE(from_range(OptimizerCases()));
  const auto seed = std::random_device()();
  CAPTURE(text, seed);
  std::mt19937_64 random(seed);
  v1::Job job;
  job.set_micro_batches(3);
  *job.mutable_optimizer() = ParseOptimizer(text);
  const std::string nobody(ShardGroup::kSlots, '-');
  std::string owners(ShardGroup::kSlots, '0');
  HostingStory story(job, 3, owners);
  ShardGroup plain(job, 1);
  const auto maybe_move = [&] {
    if (random() % 3 != 0) return;
    std::string filling = nobody, next = owners;
    for (size_t slot = 0; slot < owners.size(); ++slot) {
      const char server = static_cast<char>('0' + random() % 3);
      if (server != owners[slot]) filling[slot] = next[slot] = server;
    }
    story.Relayout(owners, "", filling);
    story.Relayout(owners = next);
  };
  for (uint64_t version = 0; version < 12; ++version) {
    CAPTURE(version, owners);
    const std::vector<Gradient> parts = RandomParts(3, random);
    const AllValues want = plain.PullAll(version);
    for (const PartRange& node : RandomNodes(3, random)) {
      if (random() % 2 == 0) REQUIRE(SameBits(story.PullAll(version), want));
      maybe_move();
      if (random() % 2 == 0) REQUIRE(SameBits(story.PullAll(version), want));
      story.PushAll(version, node, SumOf(parts, node));
      plain.Push(version, node, SumOf(parts, node));
    }
  }
  CHECK(SameBits(story.PullAll(12), plain.PullAll(12)));
}

TEST_CASE("Pulled rows are those of one version, and nothing where memory has a limit") {
  const auto block = [](std::vector<float> values) {
    auto floats = std::make_shared<std::vector<float>>(std::move(values));
    const size_t bytes = floats->size() * sizeof(float);
    const void* data = floats->data();
    return ByteBlock{std::shared_ptr<const void>(std::move(floats), data), bytes};
  };
  const auto memory = std::make_shared<MemoryAccount>();
  PulledRows rows(2, memory);
  REQUIRE(rows.Begin(4, 8));
  const ByteBlock first = block({1, 2});
  const auto* values = static_cast<const float*>(first.data.get());
  rows.Add(1, 70, values);
  rows.Keep(first);
  CHECK(rows.Find(1, 70, 4) == values);
  CHECK(rows.Find(0, 70, 4) == nullptr);
  CHECK(rows.Find(1, 71, 4) == nullptr);
  CHECK(rows.Find(1, 70, 5) == nullptr);
  CHECK(memory->bytes() == 8);
  CHECK_FALSE(rows.Begin(3, 8));
  CHECK(rows.Begin(4, PulledRows::kMostBytes - PulledRows::kEntryBytes - 8));
  CHECK_FALSE(rows.Begin(4, PulledRows::kMostBytes - PulledRows::kEntryBytes - 7));
  CHECK(rows.Find(1, 70, 4) == values);
  REQUIRE(rows.Begin(5, 8));
  CHECK(rows.Find(1, 70, 4) == nullptr);
  CHECK(rows.Find(1, 70, 5) == nullptr);
  CHECK(memory->bytes() == 0);
  PulledRows none(2, std::make_shared<MemoryAccount>(1 << 20));
  CHECK_FALSE(none.Begin(4, 8));
}

}  // namespace
}  // namespace pumasi
