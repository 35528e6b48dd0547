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
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi2,bmi,bmi2,lzcnt,popcnt")

#include "worker/input/byte_block_avx512.h"
#include "worker/input/byte_kernels_split.h"

namespace pumasi {
namespace {

struct Vbmi2Block : Avx512Block {
  static Vbmi2Block Load(const char* p) { return {Avx512Block::Load(p)}; }
  static Vbmi2Block LoadPart(const char* p, size_t size) { return {Avx512Block::LoadPart(p, size)}; }
  static Vbmi2Block LoadUpTo(const char* p, size_t size) { return {Avx512Block::LoadUpTo(p, size)}; }

  // Sixteen places at a time: the mask presses the numbers of the bytes together. The first step is taken for no place,
  // too: half of the blocks of a file of long rows have none, and which ones the processor cannot foresee.
  static void WritePlaces(uint32_t base, uint64_t bits, int count, uint32_t* places) {
    constexpr int kStep = 16;
    const __m512i bases = _mm512_set1_epi32(static_cast<int>(base));
    __m512i numbers = _mm512_maskz_compress_epi8(bits, _mm512_load_si512(kNumbers));
    int done = 0;
    do {
      const __m512i wide = _mm512_maskz_cvtepu8_epi32(0xFFFF, _mm512_maskz_extracti32x4_epi32(0xF, numbers, 0));
      _mm512_storeu_si512(places + done, _mm512_add_epi32(bases, wide));
      numbers = _mm512_maskz_alignr_epi64(0xFF, numbers, numbers, 2);
    } while ((done += kStep) < count);
  }

  // Eight tokens at a time, likewise.
  static void WriteTokens(const char* p, const char* token, uint64_t starts, uint64_t ends, int count,
                          std::string_view* tokens) {
    static_assert(sizeof(std::string_view) == 16);
    const __m512i numbers = _mm512_load_si512(kNumbers);
    const __m512i base = _mm512_set1_epi64(reinterpret_cast<int64_t>(p));
    const __m512i first_half = _mm512_set_epi64(3, 11, 2, 10, 1, 9, 0, 8);
    const __m512i second_half = _mm512_set_epi64(7, 15, 6, 14, 5, 13, 4, 12);
    __m512i start = _mm512_maskz_compress_epi8(starts, numbers), end = _mm512_maskz_compress_epi8(ends, numbers);
    for (int done = 0; done < count; done += kSplitStep) {
      const __m512i from = Widen(start), size = _mm512_sub_epi64(Widen(end), from);
      const __m512i data = _mm512_add_epi64(base, from);
      _mm512_storeu_si512(tokens + done, _mm512_permutex2var_epi64(data, first_half, size));
      _mm512_storeu_si512(tokens + done + 4, _mm512_permutex2var_epi64(data, second_half, size));
      start = _mm512_maskz_alignr_epi64(0xFF, start, start, 1);
      end = _mm512_maskz_alignr_epi64(0xFF, end, end, 1);
    }
    // The first may begin before the block.
    *tokens = std::string_view(token, p + CountZeros(ends) - token);
  }

 private:
  // The first eight bytes as eight numbers. (GCC 12 warns of the plain intrinsics, which leave out the mask.)
  static __m512i Widen(__m512i bytes) {
    return _mm512_maskz_cvtepu8_epi64(0xFF, _mm512_maskz_extracti32x4_epi32(0xF, bytes, 0));
  }

  alignas(64) static constexpr uint8_t kNumbers[64] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                                       16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
                                                       32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47,
                                                       48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63};
};

}  // namespace
}  // namespace pumasi

#pragma GCC pop_options

namespace pumasi {

const ByteKernels& Vbmi2ByteKernels() {
  static constexpr ByteKernels kKernels = {FindCsv<Vbmi2Block>,    SkipValidUtf8<Vbmi2Block>, SplitWhite<Vbmi2Block>,
                                           SplitWords<Vbmi2Block>, LowerCaseless<Vbmi2Block>, MakeKeys<Vbmi2Block>};
  return kKernels;
}

}  // namespace pumasi
