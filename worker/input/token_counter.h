#ifndef PUMASI_WORKER_INPUT_TOKEN_COUNTER_H_
#define PUMASI_WORKER_INPUT_TOKEN_COUNTER_H_

#include <cstdint>
#include <string_view>
#include <vector>

#include "worker/input/token_table.h"

namespace pumasi {

// Counts tokens and remembers the order in which they first came. No allocation a token. Not thread-safe: count with
// one counter a thread, then merge in the order of what they counted.
class TokenCounter {
 public:
  // Counts `token` `times` more times. REQUIRES: fewer than 2^32 - 1 different tokens.
  // Returns the token's number.
  uint32_t Add(std::string_view token, uint64_t times = 1) {
    return Add(TokenKey::Of(token), TokenTable::kNone, times);
  }
  // `guess`: of TokenTable::Guess, or kNone.
  uint32_t Add(const TokenKey& key, uint32_t guess, uint64_t times = 1) {
    const uint32_t number = table_.FindOrAdd(key, guess);
    table_.entry(number).value += times;
    return number;
  }

  // Adds what `later` counted, as if its tokens had been added after this counter's: first-seen order is kept.
  // Returns the numbers here of its tokens, by their numbers there.
  std::vector<uint32_t> Merge(const TokenCounter& later);

  // Different tokens, numbered by when they were first seen.
  size_t size() const { return table_.size(); }
  std::string_view token(size_t number) const { return table_.token(number); }
  uint64_t count(size_t number) const { return table_.entry(number).value; }
  const TokenTable& table() const { return table_; }

 private:
  TokenTable table_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TOKEN_COUNTER_H_
