#include "worker/input/token_counter.h"

#include <algorithm>

namespace pumasi {

std::vector<uint32_t> TokenCounter::Merge(const TokenCounter& later) {
  std::vector<uint32_t> numbers;
  numbers.reserve(later.size());
  constexpr size_t kBatch = 64;
  TokenKey keys[kBatch];
  uint32_t guesses[kBatch];
  for (size_t begin = 0; begin < later.size(); begin += kBatch) {
    const size_t count = std::min(kBatch, later.size() - begin);
    for (size_t i = 0; i < count; ++i) {
      keys[i] = TokenTable::KeyOf(later.table_.entry(begin + i));
      table_.PrefetchSlot(keys[i]);
    }
    for (size_t i = 0; i < count; ++i) guesses[i] = table_.Guess(keys[i]);
    for (size_t i = 0; i < count; ++i) numbers.push_back(Add(keys[i], guesses[i], later.count(begin + i)));
  }
  return numbers;
}

}  // namespace pumasi
