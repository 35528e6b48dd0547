#include "worker/input/token_counter.h"

#include "worker/input/token_hash.h"

namespace pumasi {

TokenCounter::TokenCounter() : slots_(1024) {}

void TokenCounter::Add(std::string_view token, uint64_t times) { AddHashed(token, HashToken(token), times); }

void TokenCounter::AddAll(const std::vector<std::string_view>& tokens) {
  hashes_.resize(tokens.size());
  const size_t mask = slots_.size() - 1;
  for (size_t i = 0; i < tokens.size(); ++i) {
    hashes_[i] = HashToken(tokens[i]);
    __builtin_prefetch(&slots_[hashes_[i] & mask]);
  }
  for (const uint64_t hash : hashes_) {
    if (const Slot& slot = slots_[hash & mask]; slot.entry != 0) __builtin_prefetch(&entries_[slot.entry - 1]);
  }
  for (const uint64_t hash : hashes_) {
    if (const Slot& slot = slots_[hash & mask]; slot.entry != 0) {
      __builtin_prefetch(entries_[slot.entry - 1].text.data);
    }
  }
  for (size_t i = 0; i < tokens.size(); ++i) AddHashed(tokens[i], hashes_[i], 1);
}

void TokenCounter::AddHashed(std::string_view token, uint64_t hash, uint64_t times) {
  const uint32_t tag = static_cast<uint32_t>(hash >> 32);
  const size_t mask = slots_.size() - 1;
  for (size_t at = hash & mask;; at = (at + 1) & mask) {
    Slot& slot = slots_[at];
    if (slot.entry == 0) {
      slot = {tag, static_cast<uint32_t>(entries_.size() + 1)};
      entries_.push_back({hash, times, arena_.Add(token)});
      if (entries_.size() * 2 > slots_.size()) Grow();
      return;
    }
    if (slot.tag != tag) continue;
    Entry& entry = entries_[slot.entry - 1];
    if (arena_.View(entry.text) == token) {
      entry.count += times;
      return;
    }
  }
}

void TokenCounter::Grow() {
  std::vector<Slot> larger(slots_.size() * 4);
  const size_t mask = larger.size() - 1;
  for (size_t i = 0; i < entries_.size(); ++i) {
    size_t at = entries_[i].hash & mask;
    while (larger[at].entry != 0) at = (at + 1) & mask;
    larger[at] = {static_cast<uint32_t>(entries_[i].hash >> 32), static_cast<uint32_t>(i + 1)};
  }
  slots_.swap(larger);
}

void TokenCounter::Merge(const TokenCounter& later) {
  // Slots are asked for this many entries ahead.
  constexpr size_t kAhead = 16;
  const std::vector<Entry>& entries = later.entries_;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i + kAhead < entries.size()) __builtin_prefetch(&slots_[entries[i + kAhead].hash & (slots_.size() - 1)]);
    AddHashed(arena_.View(entries[i].text), entries[i].hash, entries[i].count);
  }
}

}  // namespace pumasi
