#include "worker/input/token_queue.h"

#include <algorithm>
#include <cstring>

#include "worker/input/byte_kernels.h"

namespace pumasi {

void TokenQueue::Add(std::span<const std::string_view> tokens) {
  const auto make_keys = UsedByteKernels().make_keys;
  while (!tokens.empty()) {
    if (waiting_ == kKeys) Flush();
    const size_t count = std::min(tokens.size(), kKeys - waiting_);
    TokenKey* const keys = keys_ + waiting_;
    const bool long_ones = make_keys(tokens.data(), count, keys);
    for (size_t i = 0; i < count; ++i) counter_->table().PrefetchSlot(keys[i]);
    if (long_ones) {
      TakeLong(count);
    } else {
      waiting_ += count;
    }
    tokens = tokens.subspan(count);
  }
}

void TokenQueue::TakeLong(size_t count) {
  for (; count > 0; --count) {
    TokenKey& key = keys_[waiting_];
    if (key.size > kTextBytes - text_ && key.size > TokenKey::kInline) {
      // No room: it is counted at once, after all that wait. What comes after it moves to the front.
      const size_t place = waiting_;
      Flush();
      Count(key, TokenTable::kNone);
      std::copy(keys_ + place + 1, keys_ + place + count, keys_);
      continue;
    }
    if (key.size > TokenKey::kInline) {
      std::memcpy(text_room_ + text_, reinterpret_cast<const char*>(key.second), key.size);
      key.second = reinterpret_cast<uint64_t>(text_room_ + text_);
      text_ += key.size;
    }
    ++waiting_;
  }
}

void TokenQueue::Flush() {
  uint32_t guesses[kKeys];
  for (size_t i = 0; i < waiting_; ++i) guesses[i] = counter_->table().Guess(keys_[i]);
  for (size_t i = 0; i < waiting_; ++i) Count(keys_[i], guesses[i]);
  waiting_ = 0;
  text_ = 0;
}

inline void TokenQueue::Count(const TokenKey& key, uint32_t guess) {
  const uint32_t number = counter_->Add(key, guess);
  if (numbers_ != nullptr) numbers_->push_back(number);
}

}  // namespace pumasi
