// 64 bytes in one register. Included where the compiler targets AVX-512 F, BW, DQ and VL; local to the including file.
#ifndef PUMASI_WORKER_INPUT_BYTE_BLOCK_AVX512_H_
#define PUMASI_WORKER_INPUT_BYTE_BLOCK_AVX512_H_

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/input/byte_kernels_split.h"

namespace pumasi {
namespace {

struct Avx512Block : PlainWriter {
  __m512i bytes;

  static __m512i At(const char* p) { return _mm512_loadu_si512(p); }
  static Avx512Block Load(const char* p) { return {{}, At(p)}; }
  static Avx512Block LoadPart(const char* p, size_t size) {
    return {{}, _mm512_maskz_loadu_epi8(_bzhi_u64(~uint64_t{0}, size), p)};
  }
  static Avx512Block LoadUpTo(const char* p, size_t size) {
    return LoadPart(p, size < kBlockBytes ? size : kBlockBytes);
  }

  static __m512i All(char byte) { return _mm512_set1_epi8(byte); }
  // Whether low <= byte <= low + span, unsigned.
  uint64_t In(char low, int span) const {
    return _mm512_cmple_epu8_mask(_mm512_sub_epi8(bytes, All(low)), All(static_cast<char>(span)));
  }
  // table[byte % 16]; 0 for a byte from 0x80 on.
  static __m512i Look(const uint8_t* table, __m512i bytes) {
    const __m128i part = _mm_load_si128(reinterpret_cast<const __m128i*>(table));
    return _mm512_shuffle_epi8(_mm512_maskz_broadcast_i32x4(0xFFFF, part), bytes);
  }

  uint64_t Equal(char wanted) const { return _mm512_cmpeq_epi8_mask(bytes, All(wanted)); }
  uint64_t CsvSpecials() const { return _mm512_cmpeq_epi8_mask(Look(kSpecialByLowHalf, bytes), bytes); }
  uint64_t AsciiWhite() const { return In(0x09, 4) | In(0x1C, 4); }
  // Letters, digits, + and #.
  uint64_t AsciiWord() const {
    return Avx512Block{{}, _mm512_or_si512(bytes, All(0x20))}.In('a', 25) | In('0', 9) | Equal('+') | Equal('#');
  }
  // With A to Z made small.
  void StoreLower(char* to) const {
    _mm512_storeu_si512(to, _mm512_mask_add_epi8(bytes, In('A', 25), bytes, All(0x20)));
  }
  static TokenKey InlineKey(std::string_view token) {
    const __m128i bytes = _mm_maskz_loadu_epi8(_bzhi_u32(0xFFFF, static_cast<uint32_t>(token.size())), token.data());
    return TokenKey::OfInline(_mm_cvtsi128_si64(bytes), _mm_extract_epi64(bytes, 1), token.size());
  }

  // Whether the block at `p` goes on from the three bytes before it as valid UTF-8 does (it may end in the middle of a
  // character).
  static bool ContinuesUtf8(const char* p) {
    const __m512i bytes = At(p), third = At(p - 2), fourth = At(p - 3), before = At(p - 1), half = All(0x0F);
    if (_mm512_movepi8_mask(_mm512_or_si512(bytes, fourth)) == 0) return true;
    const auto upper = [&](__m512i v) { return _mm512_and_si512(_mm512_srli_epi16(v, 4), half); };
    const __m512i pair =
        _mm512_and_si512(Look(kBeforeHigh, upper(before)),
                         _mm512_and_si512(Look(kBeforeLow, _mm512_and_si512(before, half)), Look(kHigh, upper(bytes))));
    const __m512i must = _mm512_and_si512(
        _mm512_or_si512(_mm512_subs_epu8(third, All(0xE0 - 0x80)), _mm512_subs_epu8(fourth, All(0xF0 - 0x80))),
        All('\x80'));
    return _mm512_cmpneq_epi8_mask(must, pair) == 0;
  }
};

}  // namespace
}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_BYTE_BLOCK_AVX512_H_
