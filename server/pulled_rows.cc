#include "server/pulled_rows.h"

namespace pumasi {

PulledRows::PulledRows(size_t tables, std::shared_ptr<MemoryAccount> memory)
    : values_(tables), on_(memory->limit() == 0), bytes_(std::move(memory), MemoryUse::kBefore) {}

bool PulledRows::Begin(uint64_t version, uint64_t bytes) {
  if (!on_ || version < version_) return false;
  if (version > version_) {
    Clear();
    version_ = version;
  }
  uint64_t entries = 0;
  for (const auto& values : values_) entries += values.size();
  return bytes_.bytes() + bytes + entries * kEntryBytes <= kMostBytes;
}

void PulledRows::Keep(ByteBlock block) {
  bytes_.Add(block.size);
  blocks_.push_back(std::move(block));
}

void PulledRows::Clear() {
  for (auto& values : values_) values.clear();
  blocks_.clear();
  bytes_.Set(0);
}

}  // namespace pumasi
