// Made-up gradients of parts, cut into chunks, and their sum from the tree's definition.
#ifndef PUMASI_TESTS_COLLECTIVE_CHUNKED_WORK_H_
#define PUMASI_TESTS_COLLECTIVE_CHUNKED_WORK_H_

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "ops/tree/part_tree.h"
#include "worker/collective/tree_reduction.h"

namespace pumasi {

// One row table and some dense pieces in each chunk.
struct ChunkedWork {
  static constexpr uint32_t kWidth = 2;

  uint64_t seed = 0;
  uint32_t parts = 1;
  std::vector<ChunkShape> chunks;

  ChunkedWork(uint64_t of_seed, uint32_t of_parts, uint32_t of_chunks) : seed(of_seed), parts(of_parts) {
    std::mt19937_64 random(seed);
    for (uint32_t chunk = 0; chunk < of_chunks; ++chunk) {
      ChunkShape shape;
      for (uint64_t pieces = random() % 3; pieces > 0; --pieces) shape.dense.push_back(1 + random() % 5);
      chunks.push_back(shape);
    }
  }

  // Numbers of many magnitudes, so that another order of adding shows in the bits; some parts have none.
  Gradient Of(uint64_t version, uint32_t part, uint32_t chunk) const {
    std::mt19937_64 random(seed + version * 1000003 + part * 1009 + chunk * 31);
    const auto number = [&] {
      const float magnitude =
          std::ldexp(1 + static_cast<float>(random() % 65536) / 65536, static_cast<int>(random() % 20));
      return random() % 50 == 0 ? -0.0f : random() % 2 ? magnitude : -magnitude;
    };
    Gradient gradient;
    gradient.rows.resize(1);
    gradient.dense.resize(chunks[chunk].dense.size());
    if (random() % 6 == 0) return gradient;
    for (uint64_t id = chunk; id < 40; id += chunks.size()) {
      if (random() % 2) continue;
      gradient.rows[0].ids.push_back(id);
      for (uint32_t i = 0; i < kWidth; ++i) gradient.rows[0].values.push_back(number());
    }
    for (size_t i = 0; i < gradient.dense.size(); ++i) {
      if (random() % 4 == 0) continue;
      for (size_t k = 0; k < chunks[chunk].dense[i]; ++k) gradient.dense[i].push_back(number());
    }
    return gradient;
  }

  // Left half plus right half, halves cut at the largest power of two below the length.
  Gradient Sum(uint64_t version, PartRange node, uint32_t chunk) const {
    if (node.size() == 1) return Of(version, node.first, chunk);
    const uint32_t half = std::bit_ceil(node.size()) / 2;
    Gradient sum = Sum(version, {node.first, node.first + half}, chunk);
    Add(sum, Sum(version, {node.first + half, node.end}, chunk), {kWidth});
    return sum;
  }
  Gradient Sum(uint64_t version, uint32_t chunk) const { return Sum(version, {0, parts}, chunk); }

  // What a worker that has computed a node gives.
  std::vector<Gradient> ByChunk(uint64_t version, PartRange node) const {
    std::vector<Gradient> all;
    for (uint32_t chunk = 0; chunk < chunks.size(); ++chunk) all.push_back(Sum(version, node, chunk));
    return all;
  }

  std::shared_ptr<const CollectiveShape> Shape(const Group& group, uint32_t self) const {
    return std::make_shared<const CollectiveShape>(CollectiveShape{group, self, {kWidth}, chunks});
  }
};

inline bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

inline bool SameBits(const Gradient& a, const Gradient& b) {
  bool same = a.rows[0].ids == b.rows[0].ids && SameBits(a.rows[0].values, b.rows[0].values);
  for (size_t i = 0; i < a.dense.size(); ++i) same = same && SameBits(a.dense[i], b.dense[i]);
  return same;
}

// A group of `members` workers, "worker-0" and so on, with the parts dealt out in any contiguous way and chunks owned
// by anybody.
inline Group RandomGroup(std::mt19937_64& random, uint32_t members, uint32_t parts, uint32_t chunks) {
  Group group;
  group.epoch = 1 + random() % 100;
  group.parts = parts;
  for (uint32_t i = 0; i < members; ++i) group.members.push_back("worker-" + std::to_string(i));
  for (uint32_t i = 0; i < chunks; ++i) group.owners.push_back(random() % members);
  std::vector<uint32_t> cuts = {0, parts};
  while (cuts.size() < members + 1) cuts.push_back(random() % (parts + 1));
  std::sort(cuts.begin(), cuts.end());
  for (uint32_t i = 0; i < members; ++i) group.shares.push_back({cuts[i], cuts[i + 1]});
  std::shuffle(group.shares.begin(), group.shares.end(), random);
  return group;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_COLLECTIVE_CHUNKED_WORK_H_
