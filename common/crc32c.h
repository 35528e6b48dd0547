// CRC32C (Castagnoli polynomial, RFC 3720 B.4): guards every chunk on the wire and on disk.
#ifndef PUMASI_COMMON_CRC32C_H_
#define PUMASI_COMMON_CRC32C_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace pumasi {

// The checksum of `size` bytes. "123456789" gives 0xE3069283, nothing gives 0. To go on where an earlier call ended,
// pass its result as `crc`: Crc32c(b, n, Crc32c(a, m)) is the checksum of a followed by b. Thread-safe; any size.
uint32_t Crc32c(const void* data, size_t size, uint32_t crc = 0);

inline uint32_t Crc32c(absl::string_view data, uint32_t crc = 0) { return Crc32c(data.data(), data.size(), crc); }

}  // namespace pumasi

#endif  // PUMASI_COMMON_CRC32C_H_
