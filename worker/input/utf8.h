#ifndef PUMASI_WORKER_INPUT_UTF8_H_
#define PUMASI_WORKER_INPUT_UTF8_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "worker/input/decode_utf8.h"

namespace pumasi {

// The length of the longest valid prefix of `text`: text.size() if all of it is valid UTF-8 (Unicode 15, table 3-7: no
// overlong forms, no surrogates, nothing above U+10FFFF).
size_t ValidUtf8Prefix(std::string_view text);

// Appends the UTF-8 form of `code` (at most U+10FFFF).
void AppendUtf8(char32_t code, std::string* text);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_UTF8_H_
