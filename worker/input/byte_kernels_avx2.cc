#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>

#include "worker/input/byte_kernels_sets.h"
#include "worker/input/decode_utf8.h"
#include "worker/input/token_key.h"
#include "worker/input/unicode_classes.h"

#pragma GCC push_options
#pragma GCC target("avx2,bmi,bmi2,lzcnt,popcnt")

#include "worker/input/byte_kernels_loops.h"
#include "worker/input/byte_kernels_split.h"

namespace pumasi {
namespace {

struct Block : PlainWriter {
  __m256i low, high;

  static __m256i At(const char* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
  static Block Load(const char* p) { return {{}, At(p), At(p + 32)}; }
  static Block LoadPart(const char* p, size_t size) {
    alignas(32) char bytes[kBlockBytes] = {};
    std::memcpy(bytes, p, size);
    return Load(bytes);
  }
  static Block LoadUpTo(const char* p, size_t size) { return size < kBlockBytes ? LoadPart(p, size) : Load(p); }

  template <typename Test>
  uint64_t Mask(const Test& test) const {
    return static_cast<uint32_t>(_mm256_movemask_epi8(test(low))) |
           static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(test(high)))) << 32;
  }
  static __m256i Is(__m256i bytes, char wanted) { return _mm256_cmpeq_epi8(bytes, _mm256_set1_epi8(wanted)); }
  // Whether low <= byte <= low + span, unsigned.
  static __m256i InRange(__m256i bytes, char low, char span) {
    const __m256i after = _mm256_sub_epi8(bytes, _mm256_set1_epi8(low));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(after, _mm256_set1_epi8(span)), after);
  }
  // table[byte % 16]; 0 for a byte from 0x80 on.
  static __m256i Look(const uint8_t* table, __m256i bytes) {
    const __m128i half = _mm_load_si128(reinterpret_cast<const __m128i*>(table));
    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(half), bytes);
  }

  uint64_t Equal(char wanted) const {
    return Mask([&](__m256i bytes) { return Is(bytes, wanted); });
  }
  // Whether low <= byte <= low + span, unsigned.
  uint64_t In(char low, int span) const {
    return Mask([&](__m256i bytes) { return InRange(bytes, low, static_cast<char>(span)); });
  }
  uint64_t CsvSpecials() const {
    return Mask([&](__m256i bytes) { return _mm256_cmpeq_epi8(Look(kSpecialByLowHalf, bytes), bytes); });
  }
  uint64_t AsciiWhite() const {
    return Mask([&](__m256i bytes) { return _mm256_or_si256(InRange(bytes, 0x09, 4), InRange(bytes, 0x1C, 4)); });
  }
  // Letters, digits, + and #.
  uint64_t AsciiWord() const {
    return Mask([&](__m256i bytes) {
      const __m256i letter = InRange(_mm256_or_si256(bytes, _mm256_set1_epi8(0x20)), 'a', 25);
      return _mm256_or_si256(_mm256_or_si256(letter, InRange(bytes, '0', 9)),
                             _mm256_or_si256(Is(bytes, '+'), Is(bytes, '#')));
    });
  }
  static void StoreLowerHalf(__m256i bytes, char* to) {
    const __m256i bit = _mm256_and_si256(InRange(bytes, 'A', 25), _mm256_set1_epi8(0x20));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_or_si256(bytes, bit));
  }
  // With A to Z made small.
  void StoreLower(char* to) const {
    StoreLowerHalf(low, to);
    StoreLowerHalf(high, to + 32);
  }

  // Bits of the faults that the 32 bytes at `p` have.
  static __m256i Faults(const char* p) {
    const __m256i bytes = At(p), before = At(p - 1), half = _mm256_set1_epi8(0x0F), top = _mm256_set1_epi8('\x80');
    const auto upper = [&](__m256i v) { return _mm256_and_si256(_mm256_srli_epi16(v, 4), half); };
    const __m256i pair =
        _mm256_and_si256(Look(kBeforeHigh, upper(before)),
                         _mm256_and_si256(Look(kBeforeLow, _mm256_and_si256(before, half)), Look(kHigh, upper(bytes))));
    const __m256i third = _mm256_subs_epu8(At(p - 2), _mm256_set1_epi8(0xE0 - 0x80));
    const __m256i fourth = _mm256_subs_epu8(At(p - 3), _mm256_set1_epi8(0xF0 - 0x80));
    return _mm256_xor_si256(_mm256_and_si256(_mm256_or_si256(third, fourth), top), pair);
  }
  // Whether the block at `p` goes on from the three bytes before it as valid UTF-8 does (it may end in the middle of a
  // character).
  static bool ContinuesUtf8(const char* p) {
    const __m256i any = _mm256_or_si256(_mm256_or_si256(At(p), At(p + 32)), At(p - 3));
    if (_mm256_movemask_epi8(any) == 0) return true;
    const __m256i faults = _mm256_or_si256(Faults(p), Faults(p + 32));
    return _mm256_testz_si256(faults, faults);
  }
};

}  // namespace
}  // namespace pumasi

#pragma GCC pop_options

namespace pumasi {

const ByteKernels& Avx2ByteKernels() {
  static constexpr ByteKernels kKernels = {FindCsv<Block>,    SkipValidUtf8<Block>, SplitWhite<Block>,
                                           SplitWords<Block>, LowerCaseless<Block>, MakeKeys<Block>};
  return kKernels;
}

}  // namespace pumasi
