#ifndef PUMASI_WORKER_INPUT_TOKEN_QUEUE_H_
#define PUMASI_WORKER_INPUT_TOKEN_QUEUE_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "worker/input/token_counter.h"
#include "worker/input/token_key.h"

namespace pumasi {

// Counts tokens a little later than they come: their memory is asked for when they come, and by the time they are
// counted it is there. Much faster than one by one once the counter's table has outgrown the processor's caches. Not
// thread-safe.
class TokenQueue {
 public:
  // `counter` has to outlive the queue and may not be used in between but after Flush. Where `numbers` is given, the
  // counter's number of each token is appended to it once the token is counted.
  explicit TokenQueue(TokenCounter* counter, std::vector<uint32_t>* numbers = nullptr)
      : counter_(counter), numbers_(numbers) {}
  ~TokenQueue() { Flush(); }
  TokenQueue(const TokenQueue&) = delete;
  TokenQueue& operator=(const TokenQueue&) = delete;

  // Counts each of `tokens` once more, in their order. What they are views of is not needed any more afterwards.
  void Add(std::span<const std::string_view> tokens);
  // Counts what has not been counted.
  void Flush();

 private:
  static constexpr size_t kKeys = 128;
  static constexpr size_t kTextBytes = 8 << 10;

  // Takes in the `count` keys behind those that wait: the bytes of long tokens are copied, as keys point to them.
  void TakeLong(size_t count);
  void Count(const TokenKey& key, uint32_t guess);

  TokenCounter* const counter_;
  std::vector<uint32_t>* const numbers_;
  size_t waiting_ = 0;
  size_t text_ = 0;  // bytes of text_room_ in use
  char text_room_[kTextBytes];
  TokenKey keys_[kKeys];
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TOKEN_QUEUE_H_
