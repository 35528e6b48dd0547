#include "worker/job/part_builder.h"

#include <utility>

#include "ops/embedding.h"

namespace pumasi {
namespace {

constexpr uint32_t kMaskedId = 0;

}  // namespace

void PartBuilder::Add(std::span<const uint32_t> tokens) {
  for (const uint32_t token : tokens) {
    if (!shape_.mask_zero || token != kMaskedId) ids_.push_back(token);
  }
  part_.offsets.push_back(static_cast<uint32_t>(ids_.size()));
}

void PartBuilder::Add(std::span<const uint32_t> tokens, std::span<const uint32_t> labels) {
  Add(tokens);
  if (shape_.labels == LabelKind::kNumbers) {
    for (const uint32_t bits : labels) part_.targets.push_back(NumberOf(bits));
    return;
  }
  part_.labels.insert(part_.labels.end(), labels.begin(), labels.end());
  if (shape_.labels != LabelKind::kClasses) return;
  if (part_.label_offsets.empty()) part_.label_offsets.push_back(0);
  part_.label_offsets.push_back(static_cast<uint32_t>(part_.labels.size()));
}

Part PartBuilder::Take() {
  MergeIds(ids_.data(), ids_.size(), &part_.ids, &part_.tokens);
  return std::move(part_);
}

}  // namespace pumasi
