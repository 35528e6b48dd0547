#include "server/memory_account.h"

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

constexpr MemoryUse kPassing[] = {MemoryUse::kCopies, MemoryUse::kCheckpoint, MemoryUse::kLog};
constexpr const char* kNames[kMemoryUses] = {
    "tables", "values before the last batch", "gradients", "copies of slots", "a checkpoint", "the push log"};

constexpr const char* kShortNames[kMemoryUses] = {"tables", "before", "gradients", "copies", "checkpoint", "log"};

}  // namespace

const char* ShortName(MemoryUse use) { return kShortNames[static_cast<size_t>(use)]; }

uint64_t MemoryAccount::bytes() const {
  uint64_t sum = 0;
  for (const auto& bytes : bytes_) sum += bytes.load(std::memory_order_relaxed);
  return sum;
}

uint64_t MemoryAccount::passing() const {
  uint64_t sum = 0;
  for (const MemoryUse use : kPassing) sum += bytes(use);
  return sum;
}

std::string MemoryAccount::Describe() const {
  std::string text;
  for (size_t use = 0; use < kMemoryUses; ++use) {
    const uint64_t some = bytes(static_cast<MemoryUse>(use));
    if (some > 0) absl::StrAppend(&text, text.empty() ? "" : ", ", kNames[use], " ", some);
  }
  return text;
}

std::string MemoryAccount::LargestPassing() const {
  uint64_t most = 0;
  std::string name;
  for (const MemoryUse use : kPassing) {
    if (bytes(use) <= most) continue;
    most = bytes(use);
    name = kNames[static_cast<size_t>(use)];
  }
  return name;
}

void CountedBytes::SetUse(MemoryUse use) {
  if (account_ != nullptr && use != use_) {
    account_->Change(use_, bytes_, 0);
    account_->Change(use, 0, bytes_);
  }
  use_ = use;
}

}  // namespace pumasi
