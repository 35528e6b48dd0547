#include "worker/input/utf8.h"

#include <emmintrin.h>

#include <cstring>

#include "worker/input/byte_kernels.h"

namespace pumasi {
namespace {

// Walks valid characters from `p` on, until `stop` is reached or passed, or to the first byte that is not valid.
const char* WalkValid(const char* p, const char* stop, const char* end) {
  while (p < stop) {
    if (static_cast<signed char>(*p) >= 0) {
      // ASCII: sixteen bytes at a time, then up to the first other byte.
      while (stop - p >= 16) {
        const int high = _mm_movemask_epi8(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
        if (high != 0) {
          p += __builtin_ctz(high);
          break;
        }
        p += 16;
      }
      while (p < stop && static_cast<signed char>(*p) >= 0) ++p;
      continue;
    }
    // Three-byte characters (Hangul, kana, Han) come in runs: check one word a character.
    while (stop - p >= 4) {
      uint32_t word;
      std::memcpy(&word, p, 4);
      if ((word & 0x00C0C0F0) != 0x008080E0) break;
      const uint32_t high_bits = word & 0x0000200F;  // zero: overlong; 0x200D: a surrogate
      if (high_bits == 0 || high_bits == 0x200D) break;
      p += 3;
    }
    if (p >= stop || static_cast<signed char>(*p) >= 0) continue;
    const char* next = p;
    if (DecodeUtf8(next, end) == kReplacementCharacter && next == p + 1) break;
    p = next;
  }
  return p;
}

}  // namespace

size_t ValidUtf8Prefix(std::string_view text) {
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* p = begin;
  if (const auto skip = UsedByteKernels().skip_valid_utf8; skip != nullptr && text.size() > 64) {
    // It looks back at three bytes.
    p = WalkValid(begin, begin + 3, end);
    if (p - begin >= 3) p += skip(p, end - p);
  }
  return WalkValid(p, end, end) - begin;
}

void AppendUtf8(char32_t code, std::string* text) {
  if (code < 0x80) {
    text->push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    text->push_back(static_cast<char>(0xC0 | code >> 6));
    text->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else if (code < 0x10000) {
    text->push_back(static_cast<char>(0xE0 | code >> 12));
    text->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    text->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  } else {
    text->push_back(static_cast<char>(0xF0 | code >> 18));
    text->push_back(static_cast<char>(0x80 | (code >> 12 & 0x3F)));
    text->push_back(static_cast<char>(0x80 | (code >> 6 & 0x3F)));
    text->push_back(static_cast<char>(0x80 | (code & 0x3F)));
  }
}

}  // namespace pumasi
