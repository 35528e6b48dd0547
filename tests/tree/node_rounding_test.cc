// The tree of parts where every node is rounded (ops/tree/node_rounding.h).
#include "ops/tree/node_rounding.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "common/layout/slots.h"
#include "ops/fp16.h"
#include "ops/stochastic_rounding.h"
#include "ops/tree/part_tree.h"
#include "tests/tree/random_nodes.h"

namespace pumasi {
namespace {

constexpr uint32_t kWidth = 70;  // of table 0, the row table; table 1 is a tensor of two chunks, table 2 one of one
constexpr uint64_t kSeed = 77, kVersion = 12;
constexpr size_t kLong = kChunkFloats + 100, kShort = 9;
const std::vector<uint32_t> kWidths = {kWidth, 1, 1};

Gradient Nothing() {
  Gradient gradient;
  gradient.rows.resize(3);
  gradient.dense.resize(3);
  return gradient;
}

// As a model computes it; some parts have no rows at all, as in a short batch.
Gradient RandomPart(std::mt19937_64& random) {
  const auto number = [&] { return static_cast<float>(static_cast<int64_t>(random() % 2000001) - 1000000) / 7; };
  Gradient gradient = Nothing();
  if (random() % 6 == 0) return gradient;
  for (uint64_t id = 0; id < 12; ++id) {
    if (random() % 2) continue;
    gradient.rows[0].ids.push_back(id);
    for (uint32_t i = 0; i < kWidth; ++i) gradient.rows[0].values.push_back(number());
  }
  for (const auto& [piece, size] : {std::pair(1, kLong), {2, kShort}}) {
    if (random() % 4 == 0) continue;
    for (size_t i = 0; i < size; ++i) gradient.dense[piece].push_back(number());
  }
  return gradient;
}

// One value's rounding, alone: what a row of one more value gives at that place.
float Rounded(float value, PartRange node, uint32_t table, uint64_t row, size_t column) {
  std::vector<float> values(column + 1, value);
  RoundStochastically(RoundingStream(kSeed, kVersion, node.first, node.end), table, row, values.size(), values.data());
  return values[column];
}

// Likewise to binary16: each row and each chunk is a block.
void RoundBlocks(PartRange node, Gradient* gradient) {
  const uint64_t stream = RoundingStream(kSeed, kVersion, node.first, node.end);
  RowGradient& rows = gradient->rows[0];
  for (size_t i = 0; i < rows.ids.size(); ++i) {
    RoundStochasticallyToFp16(stream, 0, rows.ids[i], kWidth, rows.values.data() + i * kWidth);
  }
  for (uint32_t table = 1; table < 3; ++table) {
    std::vector<float>& values = gradient->dense[table];
    for (size_t first = 0; first < values.size(); first += kChunkFloats) {
      RoundStochasticallyToFp16(stream, table, first / kChunkFloats,
                                std::min<size_t>(values.size() - first, kChunkFloats), values.data() + first);
    }
  }
}

// All of a gradient, plainly: each dense value by its chunk and its place there.
void RoundPlainly(Precision wire, PartRange node, Gradient* gradient) {
  if (wire == Precision::kFp16) return RoundBlocks(node, gradient);
  RowGradient& rows = gradient->rows[0];
  for (size_t i = 0; i < rows.values.size(); ++i) {
    rows.values[i] = Rounded(rows.values[i], node, 0, rows.ids[i / kWidth], i % kWidth);
  }
  for (uint32_t table = 1; table < 3; ++table) {
    std::vector<float>& values = gradient->dense[table];
    for (size_t first = 0; first < values.size(); first += kChunkFloats) {
      RoundStochastically(RoundingStream(kSeed, kVersion, node.first, node.end), table, first / kChunkFloats,
                          std::min<size_t>(values.size() - first, kChunkFloats), values.data() + first);
    }
  }
}

// The root from its definition: every node rounded as a whole, what it has from one side alone included.
Gradient RecursiveSum(Precision wire, const std::vector<Gradient>& parts, PartRange node) {
  Gradient sum;
  if (node.size() == 1) {
    sum = parts[node.first];
  } else {
    const uint32_t half = std::bit_ceil(node.size()) / 2;
    sum = RecursiveSum(wire, parts, {node.first, node.first + half});
    Add(sum, RecursiveSum(wire, parts, {node.first + half, node.end}), kWidths);
  }
  RoundPlainly(wire, node, &sum);
  return sum;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

bool SameBits(const Gradient& a, const Gradient& b) {
  bool same = a.rows[0].ids == b.rows[0].ids && SameBits(a.rows[0].values, b.rows[0].values);
  for (size_t piece = 0; piece < 3; ++piece) same = same && SameBits(a.dense[piece], b.dense[piece]);
  return same;
}

// To be sent without loss.
bool Representable(Precision wire, const Gradient& gradient) {
  if (wire == Precision::kFp16) {
    // What is rounded as another node would not stay, were it not.
    Gradient again = gradient;
    RoundBlocks({100, 200}, &again);
    return SameBits(again, gradient);
  }
  const auto all = [](const std::vector<float>& values) {
    return std::all_of(values.begin(), values.end(),
                       [](float x) { return (__builtin_bit_cast(uint32_t, x) & 0xffff) == 0; });
  };
  return all(gradient.rows[0].values) && all(gradient.dense[1]) && all(gradient.dense[2]);
}

// What a worker pushes for a node.
Gradient Pushed(const std::vector<Gradient>& parts, PartRange node, const BatchRounding& rounding) {
  PartTree tree(static_cast<uint32_t>(parts.size()), kWidths);
  for (uint32_t part = node.first; part < node.end; ++part) {
    Gradient leaf = parts[part];
    Round(NodeRounding(rounding, {part, part + 1}), kWidths, &leaf);
    tree.Insert({part, part + 1}, std::move(leaf), rounding);
  }
  return tree.Take();
}

TEST_CASE("The rounded sum has the same bits in whatever order and grouping the parts arrive") {
  const Precision wire = GENERATE(Precision::kBf16, Precision::kFp16);
  for (uint32_t parts = 1; parts <= 12; ++parts) {
    const uint64_t seed = 1000 + parts;
    CAPTURE(parts, seed);
    std::mt19937_64 random(seed);
    std::vector<Gradient> gradients;
    for (uint32_t part = 0; part < parts; ++part) gradients.push_back(RandomPart(random));
    const Gradient want = RecursiveSum(wire, gradients, {0, parts});
    REQUIRE(Representable(wire, want));
    const BatchRounding rounding(wire, kSeed, kVersion);
    for (int trial = 0; trial < 4; ++trial) {
      PartTree tree(parts, kWidths);
      for (const PartRange& node : RandomNodes(parts, random)) {
        Gradient pushed = Pushed(gradients, node, rounding);
        REQUIRE(Representable(wire, pushed));
        tree.Insert(node, std::move(pushed), rounding);
      }
      REQUIRE(tree.Complete());
      CHECK(SameBits(tree.Take(), want));
    }
  }
}

TEST_CASE("A server that has a chunk alone rounds it as who has the whole tensor") {
  const Precision wire = GENERATE(Precision::kBf16, Precision::kFp16);
  std::mt19937_64 random(5);
  std::vector<Gradient> gradients;
  for (int part = 0; part < 4; ++part) {
    gradients.push_back(RandomPart(random));
    gradients.back().dense[1].resize(kLong, 0.1f);
  }
  const Gradient want = RecursiveSum(wire, gradients, {0, 4});
  const BatchRounding whole(wire, kSeed, kVersion);
  // Its only pieces: the tensor's second chunk, and its first.
  const std::vector<DensePiece> pieces = {{1, 1}, {1, 0}};
  const BatchRounding rounding(wire, kSeed, kVersion, &pieces);
  PartTree tree(4, kWidths);
  for (uint32_t part = 0; part < 4; ++part) {
    const std::vector<float> tensor = Pushed(gradients, {part, part + 1}, whole).dense[1];
    Gradient chunks = Nothing();
    chunks.dense = {{tensor.begin() + kChunkFloats, tensor.end()}, {tensor.begin(), tensor.begin() + kChunkFloats}};
    tree.Insert({part, part + 1}, std::move(chunks), rounding);
  }
  const Gradient sum = tree.Take();
  std::vector<float> joined = sum.dense[1];
  joined.insert(joined.end(), sum.dense[0].begin(), sum.dense[0].end());
  CHECK(SameBits(joined, want.dense[1]));
}

TEST_CASE("A wire of float32 rounds nothing") {
  std::mt19937_64 random(6);
  Gradient part = RandomPart(random);
  while (part.rows[0].ids.empty()) part = RandomPart(random);
  Gradient left = part, plain = part;
  const NodeRounding none(BatchRounding(Precision::kFloat32, kSeed, kVersion), {0, 2});
  CHECK_FALSE(none.on());
  Round(none, kWidths, &left);
  CHECK(SameBits(left, part));
  Add(left, Gradient(part), kWidths, none);
  Add(plain, Gradient(part), kWidths);
  CHECK(SameBits(left, plain));
  CHECK_FALSE(Representable(Precision::kBf16, plain));
  CHECK_FALSE(Representable(Precision::kFp16, plain));
}

TEST_CASE("Another batch, and another seed, is rounded differently") {
  std::mt19937_64 random(7);
  Gradient part = RandomPart(random);
  while (part.rows[0].ids.empty()) part = RandomPart(random);
  const auto rounded = [&](uint64_t seed, uint64_t version) {
    Gradient some = part;
    Round(NodeRounding(BatchRounding(Precision::kBf16, seed, version), {0, 1}), kWidths, &some);
    return some;
  };
  CHECK(SameBits(rounded(1, 1), rounded(1, 1)));
  CHECK_FALSE(SameBits(rounded(1, 1), rounded(1, 2)));
  CHECK_FALSE(SameBits(rounded(1, 1), rounded(2, 1)));
}

}  // namespace
}  // namespace pumasi
