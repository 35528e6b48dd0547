#include "worker/collective/tree_reduction.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pumasi {

TreeReduction::TreeReduction(std::shared_ptr<const CollectiveShape> shape, uint64_t version,
                             std::vector<BatchRounding> roundings)
    : shape_(std::move(shape)), version_(version), roundings_(std::move(roundings)) {
  for (uint32_t chunk = 0; chunk < group().chunks(); ++chunk) {
    chunks_.push_back({PartTree(group().parts, shape_->widths), false});
    open_ += group().owners[chunk] == shape_->self;
  }
}

absl::Status TreeReduction::Check(uint32_t chunk, const Gradient& gradient) const {
  const auto wrong = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("the gradient of chunk ", chunk, " of batch ", version_, " ", what));
  };
  if (chunk >= group().chunks()) return wrong(absl::StrCat("is sent; the group has ", group().chunks(), " chunks"));
  if (gradient.rows.size() != shape_->widths.size()) return wrong("is of another number of tables");
  for (size_t table = 0; table < gradient.rows.size(); ++table) {
    const RowGradient& rows = gradient.rows[table];
    if (rows.values.size() != rows.ids.size() * shape_->widths[table]) return wrong("has rows of another width");
    for (size_t i = 1; i < rows.ids.size(); ++i) {
      if (rows.ids[i] <= rows.ids[i - 1]) return wrong("has rows that do not ascend");
    }
  }
  const std::vector<size_t>& dense = shape_->chunks[chunk].dense;
  bool fits = gradient.dense.size() == dense.size();
  for (size_t i = 0; fits && i < dense.size(); ++i) {
    fits = gradient.dense[i].empty() || gradient.dense[i].size() == dense[i];
  }
  return fits ? absl::OkStatus() : wrong("has dense values of another number");
}

absl::Status TreeReduction::Give(PartRange node, std::vector<Gradient> by_chunk) {
  if (!IsNode(node, group().parts) || by_chunk.size() != group().chunks()) {
    return absl::InvalidArgumentError(absl::StrCat("[", node.first, ", ", node.end, ") in ", by_chunk.size(),
                                                   " chunks is no node of ", group().parts, " parts in ",
                                                   group().chunks(), " chunks"));
  }
  for (uint32_t chunk = 0; chunk < by_chunk.size(); ++chunk) {
    if (absl::Status status = Check(chunk, by_chunk[chunk]); !status.ok()) return status;
  }
  for (uint32_t chunk = 0; chunk < by_chunk.size(); ++chunk) {
    if (chunks_[chunk].summed) continue;
    if (group().owners[chunk] == shape_->self) {
      TakeNode(chunk, node, std::move(by_chunk[chunk]));
      continue;
    }
    CollectiveMessage message;
    message.kind = CollectiveMessage::Kind::kNode;
    message.chunk = chunk;
    message.node = node;
    message.gradient = std::make_shared<const Gradient>(std::move(by_chunk[chunk]));
    Send(group().owners[chunk], std::move(message));
  }
  ++moves_;
  return absl::OkStatus();
}

absl::Status TreeReduction::Arrived(uint32_t from, const CollectiveMessage& message) {
  using Kind = CollectiveMessage::Kind;
  const auto wrong = [&](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(group().members[from], " sent ", what, " of batch ", version_));
  };
  if (message.kind == Kind::kHave) {
    moves_ += have_.insert(from).second;
    return absl::OkStatus();
  }
  if (message.kind != Kind::kNode && message.kind != Kind::kSum) return wrong("nothing that could be used");
  if (message.gradient == nullptr) return wrong("no gradient");
  if (absl::Status status = Check(message.chunk, *message.gradient); !status.ok()) return status;
  const uint32_t owner = group().owners[message.chunk];
  if (message.kind == Kind::kSum) {
    if (owner != from) return wrong(absl::StrCat("the sum of chunk ", message.chunk, ", which it does not own,"));
    if (!chunks_[message.chunk].summed) HandOut(message.chunk, message.gradient);
    return absl::OkStatus();
  }
  if (owner != shape_->self) return wrong(absl::StrCat("a node of chunk ", message.chunk, ", which is not ours,"));
  if (!IsNode(message.node, group().parts)) {
    return wrong(absl::StrCat("[", message.node.first, ", ", message.node.end, "), which is no node,"));
  }
  if (!chunks_[message.chunk].summed) TakeNode(message.chunk, message.node, *message.gradient);
  return absl::OkStatus();
}

void TreeReduction::TakeNode(uint32_t chunk, PartRange node, Gradient gradient) {
  PartTree& tree = chunks_[chunk].tree;
  if (tree.Covers(node) == PartTree::Coverage::kWhole) return;
  tree.Remove(node);
  tree.Insert(node, std::move(gradient), roundings_.empty() ? BatchRounding() : roundings_[chunk]);
  ++moves_;
  if (!tree.Complete()) return;
  const auto sum = std::make_shared<const Gradient>(tree.Take());
  for (uint32_t to = 0; to < group().size(); ++to) {
    if (to == shape_->self) continue;
    CollectiveMessage message;
    message.kind = CollectiveMessage::Kind::kSum;
    message.chunk = chunk;
    message.gradient = sum;
    Send(to, std::move(message));
  }
  HandOut(chunk, sum);
}

void TreeReduction::HandOut(uint32_t chunk, std::shared_ptr<const Gradient> sum) {
  chunks_[chunk].summed = true;
  open_ -= group().owners[chunk] == shape_->self;
  ++summed_;
  ++moves_;
  effects_.emplace_back(TakeSum{version_, chunk, std::move(sum)});
}

void TreeReduction::Send(uint32_t to, CollectiveMessage message) {
  message.epoch = group().epoch;
  message.version = version_;
  effects_.emplace_back(SendToMember{to, std::move(message)});
}

void TreeReduction::Applied() {
  if (!have_.insert(shape_->self).second) return;
  ++moves_;
  for (uint32_t to = 0; to < group().size(); ++to) {
    if (to == shape_->self) continue;
    CollectiveMessage message;
    message.kind = CollectiveMessage::Kind::kHave;
    Send(to, std::move(message));
  }
}

TreeReduction::Missing TreeReduction::missing() const {
  Missing missing;
  std::vector<std::string> texts;
  // Parts first: who has not sent them holds up all chunks, and so all owners.
  for (uint32_t chunk = 0; chunk < group().chunks(); ++chunk) {
    if (chunks_[chunk].summed || group().owners[chunk] != shape_->self) continue;
    const std::string parts = chunks_[chunk].tree.Missing();
    if (group().shares.empty()) {
      texts.push_back(absl::StrCat(parts, " of chunk ", chunk));
      break;  // others mostly lack the same
    }
    for (uint32_t member = 0; member < group().size(); ++member) {
      for (const PartRange node : NodesOf(group().shares[member], group().parts)) {
        if (chunks_[chunk].tree.Covers(node) == PartTree::Coverage::kWhole) continue;
        if (!missing.members.insert(member).second) continue;
        texts.push_back(absl::StrCat(ToString(node), " of ", group().members[member]));
      }
    }
  }
  if (!parts_missing()) {
    std::map<uint32_t, uint32_t> sums;  // by owner: how many
    for (uint32_t chunk = 0; chunk < group().chunks(); ++chunk) {
      if (!chunks_[chunk].summed) ++sums[group().owners[chunk]];
    }
    for (const auto& [owner, count] : sums) {
      missing.members.insert(owner);
      texts.push_back(absl::StrCat(count, count == 1 ? " sum of " : " sums of ", group().members[owner]));
    }
  }
  for (uint32_t member = 0; summed() && member < group().size(); ++member) {
    if (have_.count(member)) continue;
    missing.members.insert(member);
    texts.push_back(absl::StrCat(group().members[member], " to apply the sums"));
  }
  missing.text = absl::StrJoin(texts, ", ");
  return missing;
}

}  // namespace pumasi
