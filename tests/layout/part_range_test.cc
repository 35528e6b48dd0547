#include "common/layout/part_range.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

namespace pumasi {
namespace {

// All nodes of the tree over `parts` parts, from the definition: aligned powers of two, cut off at the end.
std::set<PartRange> NodesByDefinition(uint32_t parts) {
  std::set<PartRange> nodes;
  for (uint32_t length = 1; length < 2 * parts; length *= 2) {
    for (uint32_t first = 0; first < parts; first += length) nodes.insert({first, std::min(first + length, parts)});
  }
  return nodes;
}

TEST_CASE("The nodes of a tree are its aligned powers of two, cut off at the number of parts") {
  for (uint32_t parts = 1; parts <= 40; ++parts) {
    CAPTURE(parts);
    const std::set<PartRange> nodes = NodesByDefinition(parts);
    for (uint32_t first = 0; first <= parts + 2; ++first) {
      for (uint32_t end = 0; end <= parts + 2; ++end) {
        CAPTURE(first, end);
        CHECK(IsNode({first, end}, parts) == (nodes.count({first, end}) == 1));
      }
    }
  }
}

TEST_CASE("A node and its sibling make their parent, whatever the number of parts") {
  for (uint32_t parts = 1; parts <= 40; ++parts) {
    for (const PartRange& node : NodesByDefinition(parts)) {
      if (node == PartRange{0, parts}) continue;
      CAPTURE(parts, node.first, node.end);
      const PartRange sibling = Sibling(node, parts), parent = Parent(node, parts);
      CHECK(IsNode(sibling, parts));
      CHECK(IsNode(parent, parts));
      REQUIRE(sibling.size() > 0);
      CHECK(Sibling(sibling, parts) == node);
      CHECK(Parent(sibling, parts) == parent);
      // Side by side, and together exactly the parent.
      CHECK((node.end == sibling.first || sibling.end == node.first));
      CHECK(parent == PartRange{std::min(node.first, sibling.first), std::max(node.end, sibling.end)});
    }
  }
}

TEST_CASE("From every part the way up ends at the root after a few steps") {
  for (uint32_t parts = 1; parts <= 40; ++parts) {
    for (uint32_t part = 0; part < parts; ++part) {
      CAPTURE(parts, part);
      PartRange node{part, part + 1};
      int steps = 0;
      while (node != PartRange{0, parts} && steps <= 6) {
        const PartRange parent = Parent(node, parts);
        REQUIRE(parent.size() > node.size());
        node = parent;
        ++steps;
      }
      CHECK(node == PartRange{0, parts});
    }
  }
}

TEST_CASE("With five parts the last one is alone up to the root") {
  CHECK(Parent({4, 5}, 5) == PartRange{0, 5});
  CHECK(Sibling({4, 5}, 5) == PartRange{0, 4});
  CHECK(Sibling({0, 4}, 5) == PartRange{4, 5});
  CHECK(Sibling({2, 4}, 5) == PartRange{0, 2});
  CHECK(Parent({2, 3}, 5) == PartRange{2, 4});
  CHECK_FALSE(IsNode({1, 3}, 5));
  CHECK_FALSE(IsNode({0, 3}, 5));
}

TEST_CASE("LargestNode is the largest node that starts there, is small enough, and ends in time") {
  for (uint32_t parts = 1; parts <= 40; ++parts) {
    const std::set<PartRange> nodes = NodesByDefinition(parts);
    for (uint32_t first = 0; first < parts; ++first) {
      for (uint32_t end = first + 1; end <= parts; ++end) {
        for (uint32_t most = 1; most <= parts + 1; ++most) {
          PartRange want{first, first + 1};
          for (const PartRange& node : nodes) {
            if (node.first == first && node.end <= end && node.size() <= most && node.size() > want.size()) want = node;
          }
          CAPTURE(parts, first, end, most);
          REQUIRE(LargestNode(first, end, most, parts) == want);
        }
      }
    }
  }
}

TEST_CASE("The largest number of parts that a job can have makes a tree, too") {
  constexpr uint32_t kParts = 4096;
  CHECK(IsNode({0, kParts}, kParts));
  CHECK(Parent({4095, 4096}, kParts) == PartRange{4094, 4096});
  CHECK(LargestNode(2048, kParts, kParts, kParts) == PartRange{2048, 4096});
}

TEST_CASE("A range reads as a person would say it") {
  CHECK(ToString({3, 4}) == "part 3");
  CHECK(ToString({0, 4}) == "parts 0-3");
}

}  // namespace
}  // namespace pumasi
