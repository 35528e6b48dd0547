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
