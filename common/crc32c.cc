#include "common/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace pumasi {

uint32_t Crc32c(const void* data, size_t size, uint32_t crc) {
  // ISA-L computes the bare register: the standard complements it before and after. Its length is an int.
  constexpr size_t kLargest = size_t{1} << 30;
  // ISA-L only reads, but its signature lacks the const.
  auto* bytes = const_cast<unsigned char*>(static_cast<const unsigned char*>(data));
  uint32_t state = ~crc;
  while (size > 0) {
    const size_t piece = std::min(size, kLargest);
    state = crc32_iscsi(bytes, static_cast<int>(piece), state);
    bytes += piece;
    size -= piece;
  }
  return ~state;
}

}  // namespace pumasi
