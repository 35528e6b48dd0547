// What Shard takes while there is a limit to its memory.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "server/shard.h"

namespace pumasi {

absl::Status Shard::OverLimit(uint64_t bytes, const std::string& waiting_for) const {
  v1::ErrorDetail detail;
  detail.set_reason(v1::ErrorDetail::OVER_LIMIT);
  const uint64_t version = LeastVersion().value_or(first_version_);
  detail.set_version(version);
  detail.set_layout_epoch(layout_epoch());
  detail.set_waiting_for(waiting_for);
  std::string message = absl::StrCat("at version ", version, " the job's slots here need ", bytes,
                                     " bytes (now: ", memory_->Describe(), "); memory_limit is ", memory_->limit());
  if (waiting_for.empty()) {
    absl::StrAppend(&message, ". More servers, or a larger memory_limit, are needed");
  } else {
    absl::StrAppend(&message, "; waits for ", waiting_for);
  }
  return DetailedError(detail, message);
}

absl::Status Shard::CheckMemory(uint64_t more) const {
  return memory_->Fits(more) ? absl::OkStatus() : OverLimit(memory_->bytes() + more, "");
}

absl::Status Shard::CheckPush(int64_t growth, uint64_t alone) const {
  if (growth <= 0 || memory_->Fits(static_cast<uint64_t>(growth))) return absl::OkStatus();
  // The tables stay, and what the last batch replaced stays until this one is applied.
  const uint64_t lasting = memory_->bytes(MemoryUse::kTables) + memory_->bytes(MemoryUse::kBefore);
  if (lasting + alone > memory_->limit()) return OverLimit(lasting + alone, "");
  const std::string passing = memory_->LargestPassing();
  return OverLimit(memory_->bytes() + static_cast<uint64_t>(growth),
                   passing.empty() ? "gradients of other parts, to be added up" : absl::StrCat(passing, " to end"));
}

absl::Status Shard::CheckCopy(uint64_t bytes) const {
  const uint64_t before = memory_->bytes(MemoryUse::kBefore), gradients = memory_->bytes(MemoryUse::kGradients);
  const uint64_t more = bytes + before - std::min(before, gradients);
  return memory_->Fits(more) ? absl::OkStatus() : OverLimit(memory_->bytes() + more, "room for a copy of a slot");
}

}  // namespace pumasi
