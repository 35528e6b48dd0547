#ifndef PUMASI_TESTS_TREE_RANDOM_NODES_H_
#define PUMASI_TESTS_TREE_RANDOM_NODES_H_

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "common/layout/part_range.h"

namespace pumasi {

// Cuts the parts at random into nodes of the tree, as if workers had leased them.
inline std::vector<PartRange> RandomNodes(uint32_t parts, std::mt19937_64& random) {
  std::vector<PartRange> nodes;
  for (uint32_t first = 0; first < parts; first = nodes.back().end) {
    nodes.push_back(LargestNode(first, parts, 1 + random() % parts, parts));
  }
  std::shuffle(nodes.begin(), nodes.end(), random);
  return nodes;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_TREE_RANDOM_NODES_H_
