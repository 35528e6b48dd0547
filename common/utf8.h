// Reading UTF-8 that may be broken.
#ifndef PUMASI_COMMON_UTF8_H_
#define PUMASI_COMMON_UTF8_H_

#include "absl/strings/string_view.h"

namespace pumasi {

constexpr char32_t kInvalidCodePoint = 0xFFFFFFFF;

// Takes the first code point off `text`, which must not be empty. If it does not begin with one (a stray or missing
// continuation byte, an overlong form, a surrogate, above U+10FFFF), takes one byte off and returns kInvalidCodePoint.
char32_t TakeCodePoint(absl::string_view* text);

bool IsValidUtf8(absl::string_view text);

}  // namespace pumasi

#endif  // PUMASI_COMMON_UTF8_H_
