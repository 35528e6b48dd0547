// Shards of a job whose values travel as bfloat16.
#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/error_detail.h"
#include "ops/tree/node_rounding.h"
#include "tests/server/plain_messages.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

v1::Job NarrowJob(uint32_t parts) {
  v1::Job job = AdamJob(parts);
  job.set_seed(5);
  job.set_wire(v1::WIRE_BF16);
  return job;
}

// The nearest bfloat16, of two the even one, by integer arithmetic. REQUIRES: far from infinity.
uint16_t Nearest(float value) {
  const auto bits = __builtin_bit_cast(uint32_t, value);
  const uint32_t rest = bits & 0xffff, upper = bits >> 16;
  return static_cast<uint16_t>(upper + (rest > 0x8000 || (rest == 0x8000 && upper % 2 == 1)));
}

std::string Narrowed(const std::string& floats) {
  std::string bytes;
  for (size_t at = 0; at < floats.size(); at += sizeof(float)) {
    float value;
    std::memcpy(&value, floats.data() + at, sizeof value);
    const uint16_t upper = Nearest(value);
    bytes.append(reinterpret_cast<const char*>(&upper), sizeof upper);
  }
  return bytes;
}

std::string Widened(const std::string& halves) {
  std::string bytes;
  for (size_t at = 0; at < halves.size(); at += 2) bytes += std::string(2, '\0') + halves.substr(at, 2);
  return bytes;
}

// The message with its values as `change` makes them, and right checksums.
template <typename Blocks, typename Change>
void ChangeValues(Blocks* blocks, Change change) {
  for (auto& block : *blocks) {
    block.set_values(change(block.values()));
    block.set_crc32c(Crc32c(block.values()));
  }
}

v1::PushRequest Narrow(v1::PushRequest push) {
  ChangeValues(push.mutable_values(), Narrowed);
  ChangeValues(push.mutable_dense(), Narrowed);
  return push;
}

void PushTo(ShardGroup& group, uint64_t version, PartRange node, const Gradient& gradient) {
  for (uint32_t server = 0; server < group.shards().size(); ++server) {
    if (!group.HoldsAny(server)) continue;
    v1::PushResponse response;
    const absl::Status status =
        PushPlain(*group.shards()[server], Narrow(group.PushFor(server, version, node, gradient)), &response);
    INFO(status.ToString());
    REQUIRE(status.ok());
  }
}

AllValues PullFrom(const ShardGroup& group, std::vector<std::unique_ptr<Shard>>& shards, uint64_t version) {
  AllValues all = NoValues();
  for (uint32_t server = 0; server < shards.size(); ++server) {
    v1::PullResponse response;
    REQUIRE(PullPlain(*shards[server], group.PullFor(server, version), &response).ok());
    for (const v1::RowValues& rows : response.rows()) {
      REQUIRE(rows.crc32c() == Crc32c(rows.values()));
      REQUIRE(rows.values().size() == rows.rows() * rows.width() * 2);
    }
    for (const v1::DenseChunk& chunk : response.dense()) REQUIRE(chunk.crc32c() == Crc32c(chunk.values()));
    ChangeValues(response.mutable_rows(), Widened);
    ChangeValues(response.mutable_dense(), Widened);
    TakeAnswer(group.layout(), server, response, &all);
  }
  return all;
}

std::vector<uint32_t> Widths() {
  std::vector<uint32_t> widths;
  for (const v1::TableSpec& table : SmallTables()) widths.push_back(table.columns());
  return widths;
}

// What a worker pushes for a node, by the tree's definition.
Gradient Rounded(const v1::Job& job, uint64_t version, const std::vector<Gradient>& parts, PartRange node) {
  const BatchRounding rounding(Precision::kBf16, job.seed(), version);
  Gradient sum;
  if (node.size() == 1) {
    sum = parts[node.first];
  } else {
    const uint32_t middle = node.first + std::bit_ceil(node.size()) / 2;
    sum = Rounded(job, version, parts, {node.first, middle});
    Add(sum, Rounded(job, version, parts, {middle, node.end}), Widths());
  }
  Round(NodeRounding(rounding, node), Widths(), &sum);
  return sum;
}

std::vector<Gradient> RandomParts(uint32_t parts, std::mt19937_64& random) {
  std::vector<Gradient> gradients;
  for (uint32_t part = 0; part < parts; ++part) gradients.push_back(RandomGradient(random));
  return gradients;
}

// All copies of all slots, byte by byte.
std::vector<std::string> States(const Shard& shard) {
  std::vector<std::string> states;
  for (uint32_t slot = 0; slot < shard.shape().slots(); ++slot) {
    if (shard.slot(slot) != nullptr) states.push_back(shard.slot(slot)->ToState(0, {}).SerializeAsString());
  }
  return states;
}

TEST_CASE("Any number of servers, and parts in any order and grouping, give the bits of one server, rounded or not") {
  const uint32_t parts = GENERATE(1, 3, 4, 7);
  const uint64_t seed = GENERATE(1, 2);
  CAPTURE(parts, seed);
  std::mt19937_64 random(seed * 100 + parts);
  const v1::Job job = NarrowJob(parts);
  // Gets the sum of all parts at once, as float32, and tells all digits.
  v1::Job wide_job = job;
  wide_job.set_wire(v1::WIRE_FLOAT32);
  ShardGroup wide(wide_job, 1), one(job, 1);
  std::vector<std::unique_ptr<ShardGroup>> others;
  for (const uint32_t servers : {2, 3}) {
    others.push_back(std::make_unique<ShardGroup>(job, servers, seed + others.size(), 0, /*backups=*/servers == 3));
  }
  for (uint64_t version = 0; version < 6; ++version) {
    CAPTURE(version);
    const std::vector<Gradient> gradients = RandomParts(parts, random);
    wide.Push(version, {0, parts}, Rounded(job, version, gradients, {0, parts}));
    for (uint32_t part = parts; part-- > 0;) {
      PushTo(one, version, {part, part + 1}, Rounded(job, version, gradients, {part, part + 1}));
    }
    CHECK(States(*one.shards()[0]) == States(*wide.shards()[0]));
    AllValues want = wide.PullAll(version + 1);
    for (std::vector<float>& table : want) {
      for (float& value : table) value = __builtin_bit_cast(float, uint32_t{Nearest(value)} << 16);
    }
    REQUIRE(SameBits(PullFrom(one, one.shards(), version + 1), want));
    for (const auto& group : others) {
      for (const PartRange& node : RandomNodes(parts, random)) {
        PushTo(*group, version, node, Rounded(job, version, gradients, node));
      }
      REQUIRE(SameBits(PullFrom(*group, group->shards(), version + 1), want));
      // A unit that is computed again may want the values from before.
      if (version > 0) REQUIRE_FALSE(SameBits(PullFrom(*group, group->shards(), version), want));
    }
  }
}

TEST_CASE("A copy made in the middle of a batch rounds what comes next as the original does") {
  std::mt19937_64 random(3);
  const v1::Job job = NarrowJob(4);
  ShardGroup group(job, 1);
  for (uint64_t version = 0; version < 3; ++version) {
    const std::vector<Gradient> gradients = RandomParts(4, random);
    PushTo(group, version, {0, 4}, Rounded(job, version, gradients, {0, 4}));
  }
  std::vector<Gradient> gradients;
  for (int part = 0; part < 4; ++part) {
    gradients.push_back(RandomGradient(random));
    while (gradients.back().dense[1].empty()) gradients.back() = RandomGradient(random);
  }
  for (const uint32_t part : {3, 0}) PushTo(group, 3, {part, part + 1}, Rounded(job, 3, gradients, {part, part + 1}));
  Shard::Options options = group.options();
  options.empty = true;
  auto copy = Shard::Create(options);
  REQUIRE(copy.ok());
  const Shard& original = *group.shards()[0];
  for (uint32_t number = 0; number < ShardGroup::kSlots; ++number) {
    const auto slot = (*copy)->NewSlot(number);
    REQUIRE(slot->TakeState(original.slot(number)->ToState(0, {})).ok());
    REQUIRE((*copy)->TakeSlot(slot, {}).ok());
  }
  for (const uint32_t part : {2, 1}) {
    const PartRange node = {part, part + 1};
    const Gradient gradient = Rounded(job, 3, gradients, node);
    PushTo(group, 3, node, gradient);
    v1::PushResponse response;
    REQUIRE(PushPlain(**copy, Narrow(group.PushFor(0, 3, node, gradient)), &response).ok());
  }
  CHECK((*copy)->LeastVersion() == 4);
  CHECK(States(**copy) == States(original));
}

TEST_CASE("Values of another size than the job's wire has are refused, with a message that names it") {
  std::mt19937_64 random(4);
  Gradient gradient = RandomGradient(random);
  while (gradient.rows[0].ids.empty()) gradient = RandomGradient(random);
  const v1::Job narrow_job = NarrowJob(1);
  v1::Job wide_job = narrow_job;
  wide_job.set_wire(v1::WIRE_FLOAT32);
  ShardGroup narrow(narrow_job, 1), wide(wide_job, 1);
  const v1::PushRequest push = narrow.PushFor(0, 0, {0, 1}, gradient);
  const uint64_t rows = gradient.rows[0].ids.size();
  v1::PushResponse response;
  absl::Status status = PushPlain(*narrow.shards()[0], push, &response);
  CHECK(ReasonOf(status) == D::MALFORMED);
  CHECK(std::string(status.message())
            .find("words: " + std::to_string(rows * 12) + " bytes of values, expected " + std::to_string(rows * 6) +
                  " (wire: bf16)") != std::string::npos);
  status = PushPlain(*wide.shards()[0], Narrow(push), &response);
  CHECK(ReasonOf(status) == D::MALFORMED);
  CHECK(std::string(status.message()).find("(wire: float32)") != std::string::npos);
  v1::PushRequest damaged = Narrow(push);
  (*damaged.mutable_dense(0)->mutable_values())[1] ^= 1;
  CHECK(ReasonOf(PushPlain(*narrow.shards()[0], damaged, &response)) == D::CORRUPT);
  v1::PushRequest infinite = Narrow(push);
  std::string& bytes = *infinite.mutable_values(0)->mutable_values();
  bytes[0] = static_cast<char>(0x80), bytes[1] = 0x7f;
  infinite.mutable_values(0)->set_crc32c(Crc32c(bytes));
  CHECK(ReasonOf(PushPlain(*narrow.shards()[0], infinite, &response)) == D::NOT_FINITE);
}

TEST_CASE("The copy of the tensors that pulls are given takes half the memory") {
  v1::Job wide_job = NarrowJob(1);
  wide_job.set_wire(v1::WIRE_FLOAT32);
  ShardGroup narrow(NarrowJob(1), 1), wide(wide_job, 1);
  constexpr uint64_t kTensorFloats = 130 * 200 + 5;
  CHECK(wide.shards()[0]->bytes() - narrow.shards()[0]->bytes() == 2 * kTensorFloats);
  // Just enough: old values and a batch's sum are foreseen in full, with Adam's slots and the tensors that is.
  Shard::Options options = narrow.options();
  options.memory_limit = kTensorFloats * (5 * sizeof(float) + 2) - 1;
  CHECK(ReasonOf(Shard::Create(options).status()) == D::OVER_LIMIT);
}

}  // namespace
}  // namespace pumasi
