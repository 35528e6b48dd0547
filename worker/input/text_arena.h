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
  struct Place {
    const char* data = nullptr;
    uint64_t size = 0;
  };

  Place Add(std::string_view text) {
    if (text.size() > left_) {
      const size_t block = text.size() > kBlockBytes ? text.size() : kBlockBytes;
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(block));
      free_ = blocks_.back().get();
      left_ = block;
    }
    char* const data = free_;
    if (!text.empty()) std::memcpy(data, text.data(), text.size());
    free_ += text.size();
    left_ -= text.size();
    return {data, text.size()};
  }

  static std::string_view View(const Place& place) { return {place.data, place.size}; }

 private:
  static constexpr size_t kBlockBytes = 1 << 18;

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* free_ = nullptr;
  size_t left_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TEXT_ARENA_H_
