#include "worker/input/byte_kernels.h"

#include <emmintrin.h>

#include <cstring>

#include "ops/instruction_set.h"
#include "worker/input/byte_kernels_loops.h"
#include "worker/input/byte_kernels_sets.h"
#include "worker/input/byte_kernels_split.h"

namespace pumasi {
namespace {

// SSE2, which every x86-64 has.
struct Block : PlainWriter {
  __m128i parts[4];

  static Block Load(const char* p) {
    Block block;
    for (int i = 0; i < 4; ++i) block.parts[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + i);
    return block;
  }
  static Block LoadPart(const char* p, size_t size) {
    alignas(16) char bytes[kBlockBytes] = {};
    std::memcpy(bytes, p, size);
    return Load(bytes);
  }
  static Block LoadUpTo(const char* p, size_t size) { return size < kBlockBytes ? LoadPart(p, size) : Load(p); }

  template <typename Test>
  uint64_t Mask(const Test& test) const {
    uint64_t mask = 0;
    for (int i = 0; i < 4; ++i) mask |= static_cast<uint64_t>(_mm_movemask_epi8(test(parts[i]))) << (16 * i);
    return mask;
  }
  static __m128i Is(__m128i bytes, char wanted) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(wanted)); }
  // Whether low <= byte <= low + span, unsigned.
  static __m128i InRange(__m128i bytes, char low, char span) {
    const __m128i after = _mm_sub_epi8(bytes, _mm_set1_epi8(low));
    return _mm_cmpeq_epi8(_mm_min_epu8(after, _mm_set1_epi8(span)), after);
  }

  uint64_t Equal(char wanted) const {
    return Mask([&](__m128i bytes) { return Is(bytes, wanted); });
  }
  // Whether low <= byte <= low + span, unsigned.
  uint64_t In(char low, int span) const {
    return Mask([&](__m128i bytes) { return InRange(bytes, low, static_cast<char>(span)); });
  }
  uint64_t CsvSpecials() const {
    return Mask([&](__m128i bytes) {
      return _mm_or_si128(_mm_or_si128(Is(bytes, ','), Is(bytes, '"')), _mm_or_si128(Is(bytes, '\n'), Is(bytes, '\r')));
    });
  }
  uint64_t AsciiWhite() const {
    return Mask([&](__m128i bytes) { return _mm_or_si128(InRange(bytes, 0x09, 4), InRange(bytes, 0x1C, 4)); });
  }
  // Letters, digits, + and #.
  uint64_t AsciiWord() const {
    return Mask([&](__m128i bytes) {
      const __m128i letter = InRange(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 25);
      return _mm_or_si128(_mm_or_si128(letter, InRange(bytes, '0', 9)), _mm_or_si128(Is(bytes, '+'), Is(bytes, '#')));
    });
  }
  // With A to Z made small.
  void StoreLower(char* to) const {
    for (int i = 0; i < 4; ++i) {
      const __m128i bit = _mm_and_si128(InRange(parts[i], 'A', 25), _mm_set1_epi8(0x20));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(to) + i, _mm_or_si128(parts[i], bit));
    }
  }
};

}  // namespace

const ByteKernels& BaselineByteKernels() {
  static constexpr ByteKernels kKernels = {FindCsv<Block>,       nullptr,        SplitWhite<Block>, SplitWords<Block>,
                                           LowerCaseless<Block>, MakeKeys<Block>};
  return kKernels;
}

const ByteKernels& UsedByteKernels() {
  // What the kernels use beside the set itself; every machine with AVX2 is likely to have it.
  static const bool has_bits = __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
                               __builtin_cpu_supports("lzcnt") && __builtin_cpu_supports("popcnt");
  static const bool has_vbmi2 = __builtin_cpu_supports("avx512vbmi2");
  const InstructionSet set = UsedInstructionSet();
  if (set == InstructionSet::kBaseline || !has_bits) return BaselineByteKernels();
  if (set == InstructionSet::kAvx2) return Avx2ByteKernels();
  return has_vbmi2 ? Vbmi2ByteKernels() : Avx512ByteKernels();
}

}  // namespace pumasi
