#include "tests/simulation/sim_store.h"

#include "absl/strings/match.h"

namespace pumasi::sim {

void SimStore::Apply(const StoreBatch& batch, Map* entries) {
  for (const auto& [key, value] : batch.changes()) {
    if (value) {
      (*entries)[key] = *value;
    } else {
      entries->erase(key);
    }
  }
}

std::vector<StoreEntry> SimStore::Entries(absl::string_view prefix) const {
  std::vector<StoreEntry> found;
  for (auto it = entries_.lower_bound(std::string(prefix)); it != entries_.end() && absl::StartsWith(it->first, prefix);
       ++it) {
    found.push_back({it->first, it->second});
  }
  return found;
}

absl::Status SimStore::Commit(const StoreBatch& batch, Durability durability) {
  if (broken_) return absl::UnavailableError("the disk failed");
  if (absl::Status status = CheckStoreBatch(batch); !status.ok()) return status;
  ++commits_;
  Apply(batch, &entries_);
  ordered_.push_back(batch);
  if (durability == Durability::kSynced) {
    ++synced_;
    for (const StoreBatch& done : ordered_) Apply(done, &durable_);
    ordered_.clear();
  }
  return absl::OkStatus();
}

void SimStore::LosePower(Random& random) {
  const size_t stay = random.Below(ordered_.size() + 1);
  for (size_t i = 0; i < stay; ++i) Apply(ordered_[i], &durable_);
  ordered_.clear();
  entries_ = durable_;
}

}  // namespace pumasi::sim
