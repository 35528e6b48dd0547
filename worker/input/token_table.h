#ifndef PUMASI_WORKER_INPUT_TOKEN_TABLE_H_
#define PUMASI_WORKER_INPUT_TOKEN_TABLE_H_

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

#include "worker/input/text_arena.h"
#include "worker/input/token_key.h"
#include "worker/input/zeroed_array.h"

namespace pumasi {

// Different tokens, each with a number: from 0, in the order in which they were added. An open-addressed table of tags
// and numbers; the tokens themselves lie one after the other, so that those that come often, and therefore early, are
// together. No allocation a token. Not thread-safe but for reading. One that was moved from may only be destroyed.
class TokenTable {
 public:
  // A token and what the user notes of it. Stays where it is as long as the table lives.
  struct Entry {
    // As in TokenKey, but that a long token's bytes lie in the table's arena, with their number before them.
    uint64_t first, second;
    // At most kMostSize.
    uint32_t size;
    uint32_t unused;
    // The user's own; 0 at first.
    uint64_t value;
  };

  static constexpr uint32_t kNone = ~uint32_t{0};

  // Room for so many tokens before the table grows.
  explicit TokenTable(size_t tokens = 0) : slots_(std::max<size_t>(tokens + tokens / 3 + 1, 64)) {}

  // The number of a token, which is added if it is not there. REQUIRES: fewer than 2^32 - 1 different tokens.
  uint32_t FindOrAdd(const TokenKey& key) {
    const uint32_t tag = TagOf(key);
    for (size_t at = Home(tag);; at = Next(at)) {
      const Slot slot = slots_[at];
      if (slot.number == 0) return Add(key, at);
      if (slot.tag == tag && IsAt(key, entry(slot.number - 1))) return slot.number - 1;
    }
  }

  // The number of a token, or kNone.
  uint32_t Find(const TokenKey& key) const {
    const uint32_t tag = TagOf(key);
    for (size_t at = Home(tag);; at = Next(at)) {
      const Slot slot = slots_[at];
      if (slot.number == 0) return kNone;
      if (slot.tag == tag && IsAt(key, entry(slot.number - 1))) return slot.number - 1;
    }
  }

  // To find many tokens at a time without waiting for memory at each: PrefetchSlot for all, Guess for all, then
  // FindOrAdd with what was guessed. Guess names the token that is likely to be meant, or kNone, and asks for its
  // entry.
  void PrefetchSlot(const TokenKey& key) const { __builtin_prefetch(&slots_[Home(TagOf(key))]); }
  uint32_t Guess(const TokenKey& key) const {
    const uint32_t tag = TagOf(key);
    for (size_t at = Home(tag); slots_[at].number != 0; at = Next(at)) {
      if (slots_[at].tag != tag) continue;
      __builtin_prefetch(&entry(slots_[at].number - 1));
      return slots_[at].number - 1;
    }
    return kNone;
  }
  uint32_t FindOrAdd(const TokenKey& key, uint32_t guess) {
    return guess != kNone && IsAt(key, entry(guess)) ? guess : FindOrAdd(key);
  }
  uint32_t Find(const TokenKey& key, uint32_t guess) const {
    // Where no slot has the tag, there is no such token.
    return guess == kNone || IsAt(key, entry(guess)) ? guess : Find(key);
  }

  // How many tokens there are.
  size_t size() const { return size_; }
  // By a token's number.
  const Entry& entry(uint32_t number) const { return entries_[number]; }
  Entry& entry(uint32_t number) { return entries_[number]; }
  // A view into the table: good as long as the table lives.
  std::string_view token(uint32_t number) const { return Text(entry(number)); }
  static std::string_view Text(const Entry& entry);
  static TokenKey KeyOf(const Entry& entry);

 private:
  struct Slot {
    // The upper half of the token's hash, to look at few entries. Slots lie in the order of their tags, but for those
    // that had to make room: a table that grows is read and written from front to back.
    uint32_t tag;
    // The token's number plus one; 0: the slot is free.
    uint32_t number;
  };

  static constexpr uint32_t kMostSize = ~uint32_t{0};

  static uint32_t TagOf(const TokenKey& key) { return static_cast<uint32_t>(key.hash >> 32); }
  size_t Home(uint32_t tag) const { return tag * uint64_t{slots_.size()} >> 32; }
  size_t Next(size_t at) const { return at + 1 == slots_.size() ? 0 : at + 1; }
  static bool IsAt(const TokenKey& key, const Entry& entry) {
    if (entry.first != key.first || entry.size != std::min<uint64_t>(key.size, kMostSize)) return false;
    if (entry.second == key.second) return true;
    return key.size > TokenKey::kInline &&
           Text(entry) == std::string_view(reinterpret_cast<const char*>(key.second), key.size);
  }
  uint32_t Add(const TokenKey& key, size_t at);
  void Grow();

  ZeroedArray<Slot> slots_;  // at most three quarters in use
  GrowingArray<Entry> entries_;
  uint32_t size_ = 0;
  TextArena arena_;
};

inline std::string_view TokenTable::Text(const Entry& entry) {
  if (entry.size <= TokenKey::kInline) return {reinterpret_cast<const char*>(&entry.first), entry.size};
  const char* const text = reinterpret_cast<const char*>(entry.second);
  uint64_t size;
  std::memcpy(&size, text - sizeof(size), sizeof(size));
  return {text, size};
}

inline TokenKey TokenTable::KeyOf(const Entry& entry) {
  if (entry.size <= TokenKey::kInline) return TokenKey::OfInline(entry.first, entry.second, entry.size);
  return {entry.first, entry.second, Text(entry).size(), entry.first};
}

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TOKEN_TABLE_H_
