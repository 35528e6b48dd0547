#ifndef PUMASI_WORKER_INPUT_ENCODED_FORMAT_H_
#define PUMASI_WORKER_INPUT_ENCODED_FORMAT_H_

#include <bit>
#include <cstddef>
#include <cstdint>

namespace pumasi {

// A file of encoded rows, little-endian:
//
//   header    one EncodedHeader
//   tokens    u32 [token_count]   the ids of all rows, one row after the other
//   labels    u32 [rows]
//   offsets   u64 [rows + 1]      row i has tokens [offsets[i], offsets[i + 1]); offsets[0] = 0, the last = token_count
//
// Each section begins at a multiple of kEncodedAlignment; the gaps are zeros. The file ends with the offsets. Tokens
// come first so that they can be written while rows are still being read.
static_assert(std::endian::native == std::endian::little, "encoded rows are used as they lie in the file");

inline constexpr uint64_t kEncodedMagic = 0x31574F5249534D50;  // "PMSIROW1"
inline constexpr uint32_t kEncodedFormat = 1;
inline constexpr uint64_t kEncodedAlignment = 64;
// Bounds that keep every product of sizes below far from overflow.
inline constexpr uint64_t kMaxEncodedRows = uint64_t{1} << 40;
inline constexpr uint64_t kMaxEncodedTokens = uint64_t{1} << 48;

struct EncodedHeader {
  uint64_t magic = kEncodedMagic;
  uint32_t format = kEncodedFormat;
  // Every token is below `vocabulary`, every label below `classes`.
  uint32_t vocabulary = 0;
  uint32_t classes = 0;
  // CRC32C of each section.
  uint32_t tokens_crc = 0;
  uint32_t labels_crc = 0;
  uint32_t offsets_crc = 0;
  uint64_t rows = 0;
  uint64_t token_count = 0;
  uint8_t zero[12] = {};
  // CRC32C of the header up to here.
  uint32_t header_crc = 0;
};
static_assert(sizeof(EncodedHeader) == kEncodedAlignment);

// Where the sections lie, in bytes, and the file's size.
struct EncodedLayout {
  uint64_t tokens, labels, offsets, size;

  static EncodedLayout For(uint64_t rows, uint64_t token_count) {
    const auto align = [](uint64_t n) { return (n + kEncodedAlignment - 1) / kEncodedAlignment * kEncodedAlignment; };
    EncodedLayout layout;
    layout.tokens = sizeof(EncodedHeader);
    layout.labels = align(layout.tokens + token_count * sizeof(uint32_t));
    layout.offsets = align(layout.labels + rows * sizeof(uint32_t));
    layout.size = layout.offsets + (rows + 1) * sizeof(uint64_t);
    return layout;
  }
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ENCODED_FORMAT_H_
