#include "scheduler/memory_store.h"

#include "absl/strings/match.h"

namespace pumasi {

absl::StatusOr<std::vector<StoreEntry>> MemoryStore::List(absl::string_view prefix) {
  std::vector<StoreEntry> found;
  for (auto entry = entries_.lower_bound(std::string(prefix));
       entry != entries_.end() && absl::StartsWith(entry->first, prefix); ++entry) {
    found.push_back({entry->first, entry->second});
  }
  return found;
}

absl::Status MemoryStore::Commit(const StoreBatch& batch, Durability) {
  if (absl::Status status = CheckStoreBatch(batch); !status.ok()) return status;
  for (const auto& [key, value] : batch.changes()) {
    if (value.has_value()) {
      entries_[key] = *value;
    } else {
      entries_.erase(key);
    }
  }
  return absl::OkStatus();
}

}  // namespace pumasi
