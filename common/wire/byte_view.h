// Bytes that lie in several pieces in somebody else's memory, as a message that has just arrived does.
#ifndef PUMASI_COMMON_WIRE_BYTE_VIEW_H_
#define PUMASI_COMMON_WIRE_BYTE_VIEW_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/crc32c.h"

namespace pumasi {

// Valid for as long as the memory is. Thread-safe where it does not change.
class ByteView {
 public:
  ByteView() = default;
  explicit ByteView(std::string_view bytes) { Append(bytes); }
  void Append(std::string_view piece) {
    if (piece.empty()) return;
    pieces_.push_back(piece);
    size_ += piece.size();
  }
  size_t size() const { return size_; }
  const std::vector<std::string_view>& pieces() const { return pieces_; }

 private:
  std::vector<std::string_view> pieces_;  // none of them empty
  size_t size_ = 0;
};

// Goes through a view's bytes, from the first to the last. The view has to stay as it is.
class ByteReader {
 public:
  explicit ByteReader(const ByteView& view) : view_(view) {}
  // REQUIRES: so many bytes are left.
  void Read(void* to, size_t size) {
    auto* at = static_cast<char*>(to);
    while (size > 0) {
      const std::string_view bytes = Next(size);
      at = std::copy(bytes.begin(), bytes.end(), at);
      size -= bytes.size();
    }
  }
  void Skip(size_t size) {
    while (size > 0) size -= Next(size).size();
  }
  // The next bytes that lie together: one at least, `most` of them at most. REQUIRES: most > 0, and some are left.
  std::string_view Next(size_t most) {
    const std::string_view piece = view_.pieces()[piece_];
    const std::string_view bytes = piece.substr(offset_, most);
    offset_ += bytes.size();
    if (offset_ == piece.size()) ++piece_, offset_ = 0;
    return bytes;
  }

 private:
  const ByteView& view_;
  size_t piece_ = 0;
  size_t offset_ = 0;  // in it
};

inline uint32_t Crc32c(const ByteView& view) {
  uint32_t crc = 0;
  for (const std::string_view piece : view.pieces()) crc = Crc32c(piece.data(), piece.size(), crc);
  return crc;
}

}  // namespace pumasi

#endif  // PUMASI_COMMON_WIRE_BYTE_VIEW_H_
