#ifndef PUMASI_WORKER_INPUT_TEXT_ARENA_H_
#define PUMASI_WORKER_INPUT_TEXT_ARENA_H_

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace pumasi {

// Keeps many short texts in few large blocks. Texts stay where they are until the arena is destroyed. Thread-safe for
// reading.
class TextArena {
 public:
  // Copies a text and returns where it lies; the eight bytes before it hold its size.
  const char* AddSized(std::string_view text) {
    const uint64_t size = text.size();
    const size_t bytes = sizeof(size) + text.size();
    if (bytes > left_) {
      const size_t block = bytes > kBlockBytes ? bytes : kBlockBytes;
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
      free_ = blocks_.back().get();
      left_ = block;
    }
    char* const data = free_ + sizeof(size);
    std::memcpy(free_, &size, sizeof(size));
    std::memcpy(data, text.data(), text.size());
    free_ += bytes;
    left_ -= bytes;
    return data;
  }

 private:
  static constexpr size_t kBlockBytes = 1 << 18;

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  size_t left_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TEXT_ARENA_H_
