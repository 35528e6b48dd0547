#ifndef PUMASI_WORKER_INPUT_TOKEN_COUNTER_H_
#define PUMASI_WORKER_INPUT_TOKEN_COUNTER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "worker/input/text_arena.h"

namespace pumasi {

// Counts tokens and remembers the order in which they first came. An open-addressed table over an arena: no allocation
// a token. Not thread-safe: count with one counter a thread, then merge in the order of what they counted.
class TokenCounter {
 public:
  TokenCounter();

  // Counts `token` `times` more times. REQUIRES: fewer than 2^32 - 1 different tokens.
  void Add(std::string_view token, uint64_t times = 1);

  // Counts each of `tokens` once more, in their order. Much faster than one by one once the table has outgrown the
  // processor's caches: the memory of all tokens is asked for before any of it is needed.
  void AddAll(const std::vector<std::string_view>& tokens);

  // Adds what `later` counted, as if its tokens had been added after this counter's: first-seen order is kept.
  void Merge(const TokenCounter& later);

  // Different tokens, numbered by when they were first seen.
  size_t size() const { return entries_.size(); }
  std::string_view token(size_t index) const { return arena_.View(entries_[index].text); }
  uint64_t count(size_t index) const { return entries_[index].count; }

 private:
  struct Entry {
    uint64_t hash;
    uint64_t count;
    TextArena::Place text;
  };
  // Half a slot is the hash's upper half, to look at few strings; the other an entry's number plus one (0: free).
  struct Slot {
    uint32_t tag = 0;
    uint32_t entry = 0;
  };

  void AddHashed(std::string_view token, uint64_t hash, uint64_t times);
  void Grow();

  TextArena arena_;
  std::vector<Entry> entries_;
  std::vector<Slot> slots_;       // a power of two, at most half full
  std::vector<uint64_t> hashes_;  // of the tokens that AddAll is at
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TOKEN_COUNTER_H_
