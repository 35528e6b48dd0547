#ifndef PUMASI_WORKER_INPUT_LOWER_CASE_H_
#define PUMASI_WORKER_INPUT_LOWER_CASE_H_

#include <string>
#include <string_view>

namespace pumasi {

// Replaces `lower` by `text` in lower case, by Unicode's simple mapping: one code point becomes one code point, without
// regard to language or neighbours (İ becomes i, final Σ becomes σ). Bytes that are not UTF-8 stay as they are.
void ToLower(std::string_view text, std::string* lower);

// Likewise, as Python's str.lower() does it: Unicode's full mapping without regard to language. It differs from the
// simple one in two places: İ becomes i followed by U+0307, and Σ becomes ς at the end of a word. For Keras' Tokenizer.
void ToLowerLikePython(std::string_view text, std::string* lower);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_LOWER_CASE_H_
