#include "worker/collective/tree_sum.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "tests/collective/members.h"
#include "worker/collective/block_plan.h"

namespace pumasi {
namespace {

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

TEST_CASE("Nodes add up to the tree's sum, whichever nodes they are") {
  for (uint32_t parts = 1; parts <= 13; ++parts) {
    for (uint32_t members = 1; members <= 7; ++members) {
      CAPTURE(parts, members);
      const Group group = EvenGroup(members, parts);
      const PartValues values{parts * 100 + members, 2500, parts};
      std::vector<PartRange> nodes;
      std::vector<std::vector<float>> arrays;
      for (const SumLeaf& leaf : LeavesOf(group)) {
        REQUIRE(NodesOf(group.shares[leaf.member], parts).at(leaf.index) == leaf.node);
        nodes.push_back(leaf.node);
        arrays.push_back(values.TreeSums(leaf.node));
      }
      std::vector<const float*> begins;
      for (const auto& array : arrays) begins.push_back(array.data());
      TreeSum sum(nodes, parts);
      std::vector<float> result(values.floats), also(values.floats);
      const std::vector<float> due = values.TreeSums({0, parts});
      sum.Run(begins, values.floats, result.data(), also.data());
      CHECK(SameBits(result, due));
      CHECK(SameBits(also, due));
      // In the place of one of them.
      auto& place = arrays[parts % arrays.size()];
      sum.Run(begins, values.floats, place.data(), nullptr);
      CHECK(SameBits(place, due));
    }
  }
}

TEST_CASE("Rounds and pieces divide an array, none of them too long") {
  for (const size_t floats : {1, 2, 15, 16, 17, 99, 100, 1000, 12345}) {
    for (const size_t most : {17, 32, 100, 4096}) {
      for (uint32_t chunks = 1; chunks <= 9; ++chunks) {
        CAPTURE(floats, most, chunks);
        const BlockPlan plan(floats, chunks, most);
        size_t next = 0;
        for (size_t round = 0; round < plan.rounds(); ++round) {
          CHECK(plan.Round(round).first == next);
          CHECK(plan.Round(round).size() <= most);
          for (uint32_t chunk = 0; chunk < chunks; ++chunk) {
            const Block piece = plan.Piece(round, chunk);
            CHECK(piece.first == next);
            CHECK(piece.end >= piece.first);
            next = piece.end;
          }
          CHECK(plan.Round(round).end == next);
        }
        CHECK(next == floats);
      }
    }
  }
}

}  // namespace
}  // namespace pumasi
