#include "worker/collective/tree_sum.h"

#include <algorithm>
#include <cstring>

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// sum[i] = left[i] + right[i]; `sum` may be one of the two.
PUMASI_VECTOR_CLONES void AddPair(size_t count, const float* left, const float* right, float* sum) {
#pragma GCC ivdep
  for (size_t i = 0; i < count; ++i) sum[i] = left[i] + right[i];
}

PUMASI_VECTOR_CLONES void AddPairTwice(size_t count, const float* left, const float* right, float* sum, float* also) {
#pragma GCC ivdep
  for (size_t i = 0; i < count; ++i) {
    const float value = left[i] + right[i];
    sum[i] = value;
    also[i] = value;
  }
}

}  // namespace

std::vector<SumLeaf> LeavesOf(const Group& group) {
  std::vector<SumLeaf> leaves;
  for (uint32_t member = 0; member < group.size(); ++member) {
    const auto nodes = NodesOf(group.shares[member], group.parts);
    for (uint32_t i = 0; i < nodes.size(); ++i) leaves.push_back({member, i, nodes[i]});
  }
  std::sort(leaves.begin(), leaves.end(), [](const SumLeaf& a, const SumLeaf& b) { return a.node < b.node; });
  return leaves;
}

TreeSum::TreeSum(const std::vector<PartRange>& nodes, uint32_t parts) : nodes_(static_cast<uint32_t>(nodes.size())) {
  // What has no sibling yet, from left to right, and where its values are.
  struct Open {
    PartRange node;
    uint32_t array;
  };
  std::vector<Open> open;
  uint32_t places = 0;
  for (uint32_t i = 0; i < nodes.size(); ++i) {
    open.push_back({nodes[i], i});
    while (open.size() > 1) {
      const Open right = open.back(), left = open[open.size() - 2];
      if (Sibling(right.node, parts) != left.node) break;
      open.resize(open.size() - 2);
      // The left one's place, or else that of its depth: nothing that is open has it.
      const auto to = nodes_ + static_cast<uint32_t>(open.size());
      steps_.push_back({left.array, right.array, to});
      places = std::max(places, to - nodes_ + 1);
      open.push_back({Parent(right.node, parts), to});
    }
  }
  scratch_.resize(places * kBlock);
}

void TreeSum::Run(const std::vector<const float*>& nodes, size_t count, float* sum, float* also) {
  if (steps_.empty()) {
    std::memmove(sum, nodes[0], count * sizeof(float));
    if (also != nullptr) std::memcpy(also, sum, count * sizeof(float));
    return;
  }
  for (size_t begin = 0; begin < count; begin += kBlock) {
    const size_t some = std::min(kBlock, count - begin);
    const auto array = [&](uint32_t index) {
      return index < nodes_ ? nodes[index] + begin : scratch_.data() + (index - nodes_) * kBlock;
    };
    for (size_t i = 0; i + 1 < steps_.size(); ++i) {
      float* const to = scratch_.data() + (steps_[i].to - nodes_) * kBlock;
      AddPair(some, array(steps_[i].left), array(steps_[i].right), to);
    }
    const Step& root = steps_.back();
    if (also == nullptr) {
      AddPair(some, array(root.left), array(root.right), sum + begin);
    } else {
      AddPairTwice(some, array(root.left), array(root.right), sum + begin, also + begin);
    }
  }
}

}  // namespace pumasi
