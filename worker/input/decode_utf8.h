#ifndef PUMASI_WORKER_INPUT_DECODE_UTF8_H_
#define PUMASI_WORKER_INPUT_DECODE_UTF8_H_

#include <cstddef>

namespace pumasi {

// What stands for a byte that does not belong to valid UTF-8.
inline constexpr char32_t kReplacementCharacter = 0xFFFD;

// Decodes the code point at `p` (REQUIRES: p < end) and advances past it. An invalid sequence yields
// kReplacementCharacter and advances by one byte, so that any bytes can be walked safely.
inline char32_t DecodeUtf8(const char*& p, const char* end) {
  const auto byte = [&](int i) { return static_cast<unsigned char>(p[i]); };
  const auto continues = [&](int i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned char lead = byte(0);
  const ptrdiff_t left = end - p;
  if (lead < 0x80) {
    ++p;
    return lead;
  }
  if (lead >= 0xC2 && lead < 0xE0 && left >= 2 && continues(1)) {
    const char32_t code = (lead & 0x1F) << 6 | (byte(1) & 0x3F);
    p += 2;
    return code;
  }
  if (lead >= 0xE0 && lead < 0xF0 && left >= 3 && continues(1) && continues(2)) {
    const char32_t code = (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    if (code >= 0x800 && (code < 0xD800 || code > 0xDFFF)) {
      p += 3;
      return code;
    }
  } else if (lead >= 0xF0 && lead < 0xF5 && left >= 4 && continues(1) && continues(2) && continues(3)) {
    const char32_t code = (lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F);
    if (code >= 0x10000 && code <= 0x10FFFF) {
      p += 4;
      return code;
    }
  }
  ++p;
  return kReplacementCharacter;
}

// Whether `code` is white space as Python's str.split() knows it: Unicode's White_Space and the separators U+001C to
// U+001F.
constexpr bool IsWhiteSpace(char32_t code) {
  if (code <= 0x20) return code == 0x20 || (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x1F);
  if (code < 0x85) return false;
  return code == 0x85 || code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_DECODE_UTF8_H_
