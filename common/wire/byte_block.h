// Bytes that are going to be sent, and may be sent several times.
#ifndef PUMASI_COMMON_WIRE_BYTE_BLOCK_H_
#define PUMASI_COMMON_WIRE_BYTE_BLOCK_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "common/crc32c.h"

namespace pumasi {

// Bytes that do not change any more, and what keeps them alive.
struct ByteBlock {
  std::shared_ptr<const void> data;
  size_t size = 0;

  std::string_view bytes() const { return {static_cast<const char*>(data.get()), size}; }
};

inline uint32_t Crc32c(const ByteBlock& block) { return Crc32c(block.data.get(), block.size); }

}  // namespace pumasi

#endif  // PUMASI_COMMON_WIRE_BYTE_BLOCK_H_
