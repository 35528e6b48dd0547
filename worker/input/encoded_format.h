#ifndef PUMASI_WORKER_INPUT_ENCODED_FORMAT_H_
#define PUMASI_WORKER_INPUT_ENCODED_FORMAT_H_

#include <bit>
#include <cstddef>
#include <cstdint>

#include "worker/input/label_kind.h"

namespace pumasi {

// A file of encoded rows, little-endian:
//
//   header         one EncodedHeader
//   tokens         u32 [token_count]   the ids of all rows, one row after the other
//   labels         u32 [label_count]   likewise the labels, as LabelKind has them
//   offsets        u64 [rows + 1]      row i has tokens [offsets[i], offsets[i + 1]); offsets[0] = 0, the last =
//                                      token_count
//   label offsets  u64 [rows + 1]      likewise into the labels; only with LabelKind::kClasses. Otherwise each row has
//                                      one label (kClass) or `classes` of them (kNumbers)
//
// Each section begins at a multiple of kEncodedAlignment; the gaps are zeros. The file ends with the last section.
// Tokens come first so that they can be written while rows are still being read.
static_assert(std::endian::native == std::endian::little, "encoded rows are used as they lie in the file");

inline constexpr uint64_t kEncodedMagic = 0x31574F5249534D50;  // "PMSIROW1"
inline constexpr uint32_t kEncodedFormat = 2;
inline constexpr uint64_t kEncodedAlignment = 64;
// Bounds that keep every product of sizes below far from overflow.
inline constexpr uint64_t kMaxEncodedRows = uint64_t{1} << 40;
inline constexpr uint64_t kMaxEncodedTokens = uint64_t{1} << 48;
inline constexpr uint64_t kMaxEncodedLabels = uint64_t{1} << 48;

struct EncodedHeader {
  uint64_t magic = kEncodedMagic;
  uint32_t format = kEncodedFormat;
  // Every token is below `vocabulary`, every class below `classes`; with kNumbers each row has `classes` numbers.
  uint32_t vocabulary = 0;
  uint32_t classes = 0;
  // CRC32C of each section; both kinds of offsets have one together.
  uint32_t tokens_crc = 0;
  uint32_t labels_crc = 0;
  uint32_t offsets_crc = 0;
  uint64_t rows = 0;
  uint64_t token_count = 0;
  uint64_t label_count = 0;
  LabelKind label_kind = LabelKind::kClass;
  // CRC32C of the header up to here.
  uint32_t header_crc = 0;
};
static_assert(sizeof(EncodedHeader) == kEncodedAlignment);

// Where the sections lie, in bytes, and the file's size.
struct EncodedLayout {
  uint64_t tokens, labels, offsets, label_offsets, size;

  static EncodedLayout For(const EncodedHeader& header) {
    const auto align = [](uint64_t n) { return (n + kEncodedAlignment - 1) / kEncodedAlignment * kEncodedAlignment; };
    const uint64_t offsets_bytes = (header.rows + 1) * sizeof(uint64_t);
    EncodedLayout layout;
    layout.tokens = sizeof(EncodedHeader);
    layout.labels = align(layout.tokens + header.token_count * sizeof(uint32_t));
    layout.offsets = align(layout.labels + header.label_count * sizeof(uint32_t));
    layout.size = layout.offsets + offsets_bytes;
    layout.label_offsets = align(layout.size);
    if (header.label_kind == LabelKind::kClasses) layout.size = layout.label_offsets + offsets_bytes;
    return layout;
  }
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ENCODED_FORMAT_H_
