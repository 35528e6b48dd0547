#include "ops/tree/part_tree.h"

#include <algorithm>
#include <bit>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "tests/tree/random_nodes.h"

namespace pumasi {
namespace {

using Coverage = PartTree::Coverage;

constexpr uint32_t kWidth = 3;

// A part's gradient: one row table and two dense pieces. Numbers of many magnitudes, so that another order of adding
// shows in the bits; some parts have no rows at all, as in a short batch.
Gradient RandomPart(std::mt19937_64& random) {
  const auto number = [&] {
    const float magnitude =
        std::ldexp(1 + static_cast<float>(random() % 65536) / 65536, static_cast<int>(random() % 20));
    return random() % 50 == 0 ? -0.0f : random() % 2 ? magnitude : -magnitude;
  };
  Gradient gradient;
  gradient.rows.resize(1);
  gradient.dense.resize(2);
  if (random() % 6 == 0) return gradient;
  for (uint64_t id = 0; id < 12; ++id) {
    if (random() % 2) continue;
    gradient.rows[0].ids.push_back(id);
    for (uint32_t i = 0; i < kWidth; ++i) gradient.rows[0].values.push_back(number());
  }
  for (auto& piece : gradient.dense) {
    if (random() % 4 == 0) continue;
    for (int i = 0; i < 9; ++i) piece.push_back(number());
  }
  return gradient;
}

// The sum from its definition: left half plus right half, halves cut at the largest power of two below the length.
Gradient RecursiveSum(const std::vector<Gradient>& parts, uint32_t first, uint32_t end) {
  if (end - first == 1) return parts[first];
  const uint32_t half = std::bit_ceil(end - first) / 2;
  Gradient sum = RecursiveSum(parts, first, first + half);
  Add(sum, RecursiveSum(parts, first + half, end), {kWidth});
  return sum;
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

bool SameBits(const Gradient& a, const Gradient& b) {
  return a.rows[0].ids == b.rows[0].ids && SameBits(a.rows[0].values, b.rows[0].values) &&
         SameBits(a.dense[0], b.dense[0]) && SameBits(a.dense[1], b.dense[1]);
}

TEST_CASE("The sum has the same bits in whatever order and grouping the parts arrive") {
  for (uint32_t parts = 1; parts <= 40; ++parts) {
    const uint64_t seed = 1000 + parts;
    CAPTURE(parts, seed);
    std::mt19937_64 random(seed);
    std::vector<Gradient> gradients;
    for (uint32_t part = 0; part < parts; ++part) gradients.push_back(RandomPart(random));
    const Gradient want = RecursiveSum(gradients, 0, parts);
    for (int trial = 0; trial < 20; ++trial) {
      PartTree tree(parts, {kWidth});
      for (const PartRange& node : RandomNodes(parts, random)) {
        REQUIRE_FALSE(tree.Complete());
        REQUIRE(tree.Covers(node) == Coverage::kNone);
        // What a worker pushes for a node is the sum of its parts in the same tree.
        PartTree worker(parts, {kWidth});
        for (uint32_t part = node.first; part < node.end; ++part) {
          worker.Insert({part, part + 1}, Gradient(gradients[part]));
        }
        tree.Insert(node, worker.Take());
        REQUIRE(tree.Covers(node) == Coverage::kWhole);
      }
      REQUIRE(tree.Complete());
      CHECK(SameBits(tree.Take(), want));
      CHECK_FALSE(tree.Complete());
    }
  }
}

TEST_CASE("The random numbers are such that another order of adding is noticed") {
  std::mt19937_64 random(7);
  std::vector<Gradient> gradients;
  for (int part = 0; part < 8; ++part) gradients.push_back(RandomPart(random));
  Gradient in_a_row = gradients[0];
  for (int part = 1; part < 8; ++part) Add(in_a_row, Gradient(gradients[part]), {kWidth});
  CHECK_FALSE(SameBits(in_a_row, RecursiveSum(gradients, 0, 8)));
}

Gradient Nothing() {
  Gradient gradient;
  gradient.rows.resize(1);
  return gradient;
}

TEST_CASE("A range is covered not at all, in part, or wholly") {
  PartTree tree(8, {1});
  CHECK(tree.Covers({0, 8}) == Coverage::kNone);
  tree.Insert({2, 3}, Nothing());
  CHECK(tree.Covers({2, 3}) == Coverage::kWhole);
  CHECK(tree.Covers({3, 4}) == Coverage::kNone);
  CHECK(tree.Covers({2, 4}) == Coverage::kPartly);
  CHECK(tree.Covers({0, 8}) == Coverage::kPartly);
  tree.Insert({3, 4}, Nothing());
  CHECK(tree.Covers({2, 4}) == Coverage::kWhole);
  // A leaf of a node that is there whole.
  CHECK(tree.Covers({3, 4}) == Coverage::kWhole);
  tree.Insert({4, 8}, Nothing());
  CHECK(tree.Covers({5, 6}) == Coverage::kWhole);
  CHECK(tree.Covers({0, 4}) == Coverage::kPartly);
  CHECK_FALSE(tree.Complete());
  tree.Insert({0, 2}, Nothing());
  CHECK(tree.Complete());
  CHECK(tree.Covers({0, 8}) == Coverage::kWhole);
}

TEST_CASE("A node can take the place of what there is of it") {
  PartTree tree(8, {1});
  for (const uint32_t part : {1, 2, 3, 6}) tree.Insert({part, part + 1}, Nothing());
  tree.Remove({4, 6});
  CHECK(tree.Missing() == "part 0, parts 4-5, part 7");
  tree.Remove({0, 4});
  CHECK(tree.Missing() == "parts 0-5, part 7");
  tree.Insert({0, 4}, Nothing());
  tree.Remove({4, 8});
  CHECK(tree.Missing() == "parts 4-7");
  tree.Insert({4, 8}, Nothing());
  CHECK(tree.Complete());
}

TEST_CASE("A message can name the parts that are missing") {
  PartTree tree(8, {1});
  CHECK(tree.Missing() == "parts 0-7");
  tree.Insert({1, 2}, Nothing());
  CHECK(tree.Missing() == "part 0, parts 2-7");
  tree.Insert({4, 6}, Nothing());
  CHECK(tree.Missing() == "part 0, parts 2-3, parts 6-7");
  tree.Insert({0, 1}, Nothing());
  tree.Insert({6, 8}, Nothing());
  CHECK(tree.Missing() == "parts 2-3");
  tree.Insert({2, 4}, Nothing());
  CHECK(tree.Missing().empty());
}

TEST_CASE("The bytes of a tree are those of its nodes, and grow by what was foreseen at most") {
  const uint64_t seed = GENERATE(range(0, 50));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const uint32_t parts = 1 + random() % 12;
  PartTree tree(parts, {1});
  std::vector<uint32_t> order(parts);
  for (uint32_t part = 0; part < parts; ++part) order[part] = part;
  std::shuffle(order.begin(), order.end(), random);
  for (const uint32_t part : order) {
    Gradient gradient;
    gradient.rows.resize(1);
    for (uint64_t id = 0; id < 20; ++id) {
      if (random() % 3 == 0) gradient.rows[0].ids.push_back(id);
    }
    gradient.rows[0].values.resize(gradient.rows[0].ids.size());
    gradient.dense.resize(2);
    if (random() % 4 > 0) gradient.dense[0].resize(100);
    if (random() % 4 > 0) gradient.dense[1].resize(30);
    const int64_t before = static_cast<int64_t>(tree.bytes()), growth = tree.Growth({part, part + 1}, gradient);
    tree.Insert({part, part + 1}, std::move(gradient));
    uint64_t bytes = 0;
    for (const auto& [first, node] : tree.nodes()) bytes += MemoryOf(node.second);
    REQUIRE(tree.bytes() == bytes);
    REQUIRE(static_cast<int64_t>(bytes) <= before + growth);
    // Sums of rows are given room for all of both.
    REQUIRE(static_cast<int64_t>(bytes) + 12 * 20 * parts >= before + growth);
  }
  tree.Take();
  CHECK(tree.bytes() == 0);
}

TEST_CASE("A batch of one part is complete with it") {
  PartTree tree(1, {1});
  CHECK_FALSE(tree.Complete());
  tree.Insert({0, 1}, Nothing());
  CHECK(tree.Complete());
}

TEST_CASE("A part without rows keeps the other's minus zero") {
  PartTree tree(2, {1});
  Gradient some = Nothing();
  some.rows[0] = {{4}, {-0.0f}};
  some.dense = {{-0.0f}};
  Gradient none = Nothing();
  none.dense.resize(1);
  tree.Insert({1, 2}, std::move(some));
  tree.Insert({0, 1}, std::move(none));
  const Gradient sum = tree.Take();
  CHECK(std::signbit(sum.rows[0].values[0]));
  CHECK(std::signbit(sum.dense[0][0]));
}

}  // namespace
}  // namespace pumasi
