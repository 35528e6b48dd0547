#include "worker/input/lower_case.h"

#include <emmintrin.h>
#include <unicode/uchar.h>

#include <algorithm>
#include <cstring>

#include "worker/input/byte_kernels.h"
#include "worker/input/unicode_classes.h"
#include "worker/input/utf8.h"

namespace pumasi {
namespace {

constexpr char32_t kCapitalDottedI = 0x130;
constexpr char32_t kCapitalSigma = 0x3A3;
constexpr char32_t kSmallSigma = 0x3C3;
constexpr char32_t kFinalSigma = 0x3C2;
constexpr char32_t kCombiningDot = 0x307;

// Lower-cases the ASCII bytes at `from` until another byte comes; returns where that is. `to` has room for as many
// bytes.
const char* LowerAscii(const char* from, const char* end, char* to) {
  const __m128i before_a = _mm_set1_epi8('A' - 1), after_z = _mm_set1_epi8('Z' + 1), bit = _mm_set1_epi8(0x20);
  while (end - from >= 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    if (_mm_movemask_epi8(bytes) != 0) break;
    const __m128i upper = _mm_and_si128(_mm_cmpgt_epi8(bytes, before_a), _mm_cmplt_epi8(bytes, after_z));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_or_si128(bytes, _mm_and_si128(upper, bit)));
    from += 16;
    to += 16;
  }
  for (; from < end && static_cast<signed char>(*from) >= 0; ++from, ++to) {
    *to = *from >= 'A' && *from <= 'Z' ? static_cast<char>(*from | 0x20) : *from;
  }
  return from;
}

char* PutUtf8(char32_t code, char* to) {
  std::string bytes;  // at most four bytes: never allocates
  AppendUtf8(code, &bytes);
  return std::copy(bytes.begin(), bytes.end(), to);
}

// Python's rule for Σ (Unicode's Final_Sigma): a cased letter before it, none after it, ignorable characters apart.
bool IsFinalSigma(std::string_view before, std::string_view after) {
  bool cased_before = false;
  for (const char* p = before.data() + before.size(); p > before.data();) {
    const char* start = p - 1;
    while (start > before.data() && (*start & 0xC0) == 0x80) --start;
    const char* next = start;
    const UChar32 code = DecodeUtf8(next, p);
    p = start;
    if (u_hasBinaryProperty(code, UCHAR_CASE_IGNORABLE)) continue;
    cased_before = u_hasBinaryProperty(code, UCHAR_CASED);
    break;
  }
  if (!cased_before) return false;
  for (const char* p = after.data(); p < after.data() + after.size();) {
    const UChar32 code = DecodeUtf8(p, after.data() + after.size());
    if (!u_hasBinaryProperty(code, UCHAR_CASE_IGNORABLE)) return !u_hasBinaryProperty(code, UCHAR_CASED);
  }
  return true;
}

template <bool kLikePython>
void Lower(std::string_view text, std::string* lower) {
  const UnicodeClasses& classes = UnicodeClasses::Get();
  // No code point's lower case takes more than one and a half times its bytes (Ⱥ: two become three; İ: two become
  // three).
  // And room for what the kernel writes too much.
  lower->resize(text.size() + text.size() / 2 + 65);
  const char* p = text.data();
  const char* const end = p + text.size();
  char* to = lower->data();
  const auto lower_caseless = UsedByteKernels().lower_caseless;
  const char* retry = p;
  while (p < end) {
    if (p >= retry) {
      const size_t done = lower_caseless(p, end - p, to);
      p += done;
      to += done;
      // Where many letters have case and are not ASCII, it would be called for each of them in vain.
      retry = done < 32 ? p + 64 : p;
      if (p == end) break;
    }
    const char* const next = LowerAscii(p, end, to);
    to += next - p;
    p = next;
    // Most three-byte characters have no case: look at their block of 64 and copy. Four bytes are copied at once; the
    // fourth is overwritten by what follows.
    while (end - p >= 4) {
      uint32_t word;
      std::memcpy(&word, p, sizeof(word));
      if ((word & 0x00C0C0F0) != 0x008080E0) break;
      if (classes.LowerBlock((word & 0x0F) << 6 | (word >> 8 & 0x3F))) break;
      std::memcpy(to, &word, sizeof(word));
      p += 3;
      to += 3;
    }
    if (p == end || static_cast<signed char>(*p) >= 0) continue;
    const char* after = p;
    const char32_t code = DecodeUtf8(after, end);
    char32_t small = classes.Lower(code);
    if (kLikePython && code == kCapitalDottedI) {
      to = PutUtf8(kCombiningDot, PutUtf8('i', to));
    } else if (small == code) {
      to = std::copy(p, after, to);
    } else {
      if (kLikePython && code == kCapitalSigma) {
        small =
            IsFinalSigma(text.substr(0, p - text.data()), text.substr(after - text.data())) ? kFinalSigma : kSmallSigma;
      }
      to = PutUtf8(small, to);
    }
    p = after;
  }
  lower->resize(to - lower->data());
}

}  // namespace

void ToLower(std::string_view text, std::string* lower) { Lower<false>(text, lower); }

void ToLowerLikePython(std::string_view text, std::string* lower) { Lower<true>(text, lower); }

}  // namespace pumasi
