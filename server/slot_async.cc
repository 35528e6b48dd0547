// Slot with consistency: async: parts of batches that are applied one by one.
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/slot.h"

namespace pumasi {

Slot::Open& Slot::OpenAt(uint64_t version) {
  Open& open = open_[version];
  open.applied.resize(parts_);
  return open;
}

PartTree::Coverage Slot::CoversOpen(uint64_t version, PartRange range) const {
  const auto open = open_.find(version);
  if (open == open_.end()) return PartTree::Coverage::kNone;
  uint32_t covered = 0;
  for (uint32_t part = range.first; part < range.end; ++part) {
    covered += open->second.applied[part] || open->second.wait.count(part) > 0;
  }
  return covered == 0              ? PartTree::Coverage::kNone
         : covered == range.size() ? PartTree::Coverage::kWhole
                                   : PartTree::Coverage::kPartly;
}

bool Slot::HasPartBefore(uint64_t end) const {
  if (!async()) return false;
  for (const auto& [version, open] : open_) {
    if (version >= end) return false;
    if (!open.wait.empty()) return true;
  }
  return false;
}

void Slot::ApplyPart(const JobOptimizers& optimizers) {
  auto open = open_.begin();
  while (open->second.wait.empty()) ++open;
  auto part = open->second.wait.extract(open->second.wait.begin());
  Step(std::move(part.mapped()), optimizers, nullptr);
  open->second.applied[part.key()] = true;
  ++open->second.count;
  while (!open_.empty() && open_.begin()->first == version_ && open_.begin()->second.count == parts_) {
    open_.erase(open_.begin());
    ++version_;
  }
  ForgetMadeRows();
  CountBatch();
}

std::string Slot::MissingOpen() const {
  std::string missing;
  for (uint32_t part = 0; part < parts_; ++part) {
    const PartRange one{part, part + 1};
    if (CoversOpen(version_, one) == PartTree::Coverage::kWhole) continue;
    absl::StrAppend(&missing, missing.empty() ? "" : ", ", ToString(one));
  }
  return missing;
}

}  // namespace pumasi
