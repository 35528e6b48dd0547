#include "worker/input/token_table.h"

#include <utility>

namespace pumasi {

uint32_t TokenTable::Add(const TokenKey& key, size_t at) {
  const uint32_t tag = TagOf(key);
  if (size_ + size_t{size_} / 3 + 1 >= slots_.size()) {
    Grow();
    for (at = Home(tag); slots_[at].number != 0;) at = Next(at);
  }
  Entry& entry = entries_.Grown(size_);
  entry.first = key.first;
  entry.second = key.second;
  entry.size = static_cast<uint32_t>(std::min<uint64_t>(key.size, kMostSize));
  if (key.size > TokenKey::kInline) {
    entry.second = reinterpret_cast<uint64_t>(arena_.AddSized({reinterpret_cast<const char*>(key.second), key.size}));
  }
  slots_[at] = {tag, ++size_};
  return size_ - 1;
}

void TokenTable::Grow() {
  const ZeroedArray<Slot> old = std::exchange(slots_, ZeroedArray<Slot>(slots_.size() * 2));
  for (const Slot& slot : old) {
    if (slot.number == 0) continue;
    size_t at = Home(slot.tag);
    while (slots_[at].number != 0) at = Next(at);
    slots_[at] = slot;
  }
}

}  // namespace pumasi
