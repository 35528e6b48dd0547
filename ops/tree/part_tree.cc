#include "ops/tree/part_tree.h"

#include <algorithm>
#include <utility>

namespace pumasi {

PartTree::Coverage PartTree::Covers(PartRange range) const {
  uint32_t covered = 0;
  for (const auto& [first, node] : nodes_) {
    const uint32_t from = std::max(first, range.first), to = std::min(node.first.end, range.end);
    if (from < to) covered += to - from;
  }
  return covered == 0 ? Coverage::kNone : covered == range.size() ? Coverage::kWhole : Coverage::kPartly;
}

void PartTree::Insert(PartRange range, Gradient&& gradient, const BatchRounding& rounding) {
  while (range != PartRange{0, parts_}) {
    const PartRange sibling = Sibling(range, parts_);
    const auto found = nodes_.find(sibling.first);
    if (found == nodes_.end() || found->second.first != sibling) break;
    bytes_ -= MemoryOf(found->second.second);
    const PartRange parent = Parent(range, parts_);
    const NodeRounding of_sum(rounding, parent);
    if (sibling.first < range.first) {
      Add(found->second.second, std::move(gradient), widths_, of_sum);
      gradient = std::move(found->second.second);
    } else {
      Add(gradient, std::move(found->second.second), widths_, of_sum);
    }
    nodes_.erase(found);
    range = parent;
  }
  bytes_ += MemoryOf(gradient);
  nodes_.emplace(range.first, std::pair(range, std::move(gradient)));
}

void PartTree::Remove(PartRange range) {
  auto node = nodes_.lower_bound(range.first);
  while (node != nodes_.end() && node->first < range.end) {
    bytes_ -= MemoryOf(node->second.second);
    node = nodes_.erase(node);
  }
}

int64_t PartTree::Growth(PartRange range, const Gradient& gradient) const {
  int64_t bytes = static_cast<int64_t>(MemoryOf(gradient));
  std::vector<bool> there;  // dense pieces of what comes, with what it has merged with
  for (const std::vector<float>& dense : gradient.dense) there.push_back(!dense.empty());
  while (range != PartRange{0, parts_}) {
    const PartRange sibling = Sibling(range, parts_);
    const auto found = nodes_.find(sibling.first);
    if (found == nodes_.end() || found->second.first != sibling) break;
    // Dense pieces add up in one place; rows may all be different ones.
    const Gradient& other = found->second.second;
    for (size_t i = 0; i < there.size(); ++i) {
      if (there[i]) bytes -= static_cast<int64_t>(other.dense[i].capacity() * sizeof(float));
      there[i] = there[i] || !other.dense[i].empty();
    }
    range = Parent(range, parts_);
  }
  return bytes;
}

bool PartTree::Complete() const { return nodes_.size() == 1 && nodes_.begin()->second.first == PartRange{0, parts_}; }

Gradient PartTree::Take() {
  Gradient root = std::move(nodes_.begin()->second.second);
  nodes_.clear();
  bytes_ = 0;
  return root;
}

std::string PartTree::Missing() const {
  std::string missing;
  uint32_t next = 0;
  const auto gap = [&](uint32_t end) {
    if (next < end) missing += (missing.empty() ? "" : ", ") + ToString({next, end});
  };
  for (const auto& [first, node] : nodes_) {
    gap(first);
    next = node.first.end;
  }
  gap(parts_);
  return missing;
}

}  // namespace pumasi
