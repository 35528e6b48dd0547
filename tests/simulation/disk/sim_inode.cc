#include "tests/simulation/disk/sim_inode.h"

#include <algorithm>

namespace pumasi::sim {

void SimContents::Append(absl::string_view data) {
  if (data.empty()) return;
  uint64_t sector = seen_.size() / kSectorBytes;
  seen_.append(data.data(), data.size());
  if (!unsynced_.empty() && unsynced_.back() == sector) ++sector;
  for (; sector * kSectorBytes < seen_.size(); ++sector) unsynced_.push_back(sector);
}

void SimContents::Clear() {
  seen_.clear();
  unsynced_.clear();
  cleared_ = true;
}

void SimContents::WriteSector(uint64_t sector) {
  const uint64_t first = sector * kSectorBytes;
  const uint64_t end = std::min<uint64_t>({first + kSectorBytes, seen_.size(), disk_.size()});
  if (first < end) std::copy(seen_.begin() + first, seen_.begin() + end, disk_.begin() + first);
}

void SimContents::Sync() {
  disk_.resize(seen_.size());
  for (uint64_t sector : unsynced_) WriteSector(sector);
  unsynced_.clear();
  cleared_ = false;
}

void SimContents::FailSync(Random& random) {
  if (random.Below(2) == 0) {
    disk_.resize(seen_.size());
    cleared_ = false;
  }
  for (uint64_t sector : unsynced_) {
    if (random.Below(2) == 0) WriteSector(sector);
  }
  unsynced_.clear();
}

void SimContents::Crash(Random& random) {
  if (!unsynced_.empty() || seen_.size() != disk_.size()) {
    // What is added to a file takes nothing away of what was synced.
    const uint64_t least = cleared_ ? 0 : disk_.size();
    const uint64_t sizes[4] = {disk_.size(), seen_.size(), least + random.Below(seen_.size() - least + 1),
                               std::max(least, random.Below(seen_.size() / kSectorBytes + 1) * kSectorBytes)};
    disk_.resize(random.OneOf(sizes, 4));
    // All, none, the first ones, or any of them.
    const uint64_t kind = random.Below(4), first = random.Below(unsynced_.size() + 1);
    for (size_t i = 0; i < unsynced_.size(); ++i) {
      if (kind == 0 || (kind == 2 && i < first) || (kind == 3 && random.Below(2) == 0)) WriteSector(unsynced_[i]);
    }
  }
  seen_ = disk_;
  unsynced_.clear();
  cleared_ = false;
}

void SimContents::FlipBit(uint64_t bit) {
  for (std::string* bytes : {&seen_, &disk_}) {
    if (bit / 8 < bytes->size()) (*bytes)[bit / 8] ^= static_cast<char>(1 << bit % 8);
  }
}

SimInodePtr SimNames::Find(const std::string& name) const {
  const auto found = seen_.find(name);
  return found == seen_.end() ? nullptr : found->second;
}

void SimNames::ApplyTo(const Change& change, std::map<std::string, SimInodePtr>* names) {
  for (const auto& [name, inode] : change) {
    if (inode == nullptr) {
      names->erase(name);
    } else {
      (*names)[name] = inode;
    }
  }
}

void SimNames::Apply(Change change) {
  ApplyTo(change, &seen_);
  unsynced_.push_back(std::move(change));
}

void SimNames::WriteFirst(uint64_t changes) {
  for (uint64_t i = 0; i < changes; ++i) ApplyTo(unsynced_[i], &disk_);
  unsynced_.clear();
}

void SimNames::Sync() { WriteFirst(unsynced_.size()); }

void SimNames::FailSync(Random& random) { WriteFirst(random.Below(unsynced_.size() + 1)); }

void SimNames::Crash(Random& random) {
  WriteFirst(random.Below(unsynced_.size() + 1));
  seen_ = disk_;
}

}  // namespace pumasi::sim
