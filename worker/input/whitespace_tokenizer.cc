#include "worker/input/whitespace_tokenizer.h"

#include <emmintrin.h>

#include "worker/input/lower_case.h"
#include "worker/input/utf8.h"

namespace pumasi {
namespace {

// Whether a byte is ASCII white space or may begin a wider one (U+0085 … U+3000).
constexpr bool MayBeWhite(unsigned char byte) { return byte <= 0x20 || byte == 0xC2 || (byte >= 0xE1 && byte <= 0xE3); }

// The first byte in [p, end) that may be white, or `end`: sixteen bytes at a time.
const char* FindMaybeWhite(const char* p, const char* end) {
  const __m128i space = _mm_set1_epi8(0x20), latin = _mm_set1_epi8('\xC2');
  const __m128i lead = _mm_set1_epi8('\xE1'), leads_after = _mm_set1_epi8(2);
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i after = _mm_sub_epi8(bytes, lead);
    const __m128i hits =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(bytes, space), bytes), _mm_cmpeq_epi8(bytes, latin)),
                     _mm_cmpeq_epi8(_mm_min_epu8(after, leads_after), after));
    if (const int mask = _mm_movemask_epi8(hits); mask != 0) return p + __builtin_ctz(mask);
  }
  while (p < end && !MayBeWhite(static_cast<unsigned char>(*p))) ++p;
  return p;
}

}  // namespace

void WhitespaceTokenizer::Split(std::string_view text, Tokens* tokens) const {
  tokens->list.clear();
  if (lower_) {
    ToLower(text, &tokens->buffer);
    text = tokens->buffer;
  }
  const char* const end = text.data() + text.size();
  const char* token = text.data();
  for (const char* p = token; (p = FindMaybeWhite(p, end)) < end;) {
    const char* const here = p;
    if (!IsWhiteSpace(DecodeUtf8(p, end))) continue;
    if (here > token) tokens->list.emplace_back(token, here - token);
    token = p;
  }
  if (end > token) tokens->list.emplace_back(token, end - token);
}

}  // namespace pumasi
