#include "worker/input/keras_tokenizer.h"

#include <algorithm>

#include "worker/input/lower_case.h"
#include "worker/input/utf8.h"

namespace pumasi {

KerasTokenizer::KerasTokenizer(std::string_view filters, bool lower) : lower_(lower) {
  separates_[' '] = true;
  for (const char* p = filters.data(); p < filters.data() + filters.size();) {
    const char32_t code = DecodeUtf8(p, filters.data() + filters.size());
    if (code < 0x80) {
      separates_[code] = true;
    } else {
      wide_filters_.push_back(code);
    }
  }
  std::sort(wide_filters_.begin(), wide_filters_.end());
}

void KerasTokenizer::Split(std::string_view text, Tokens* tokens) const {
  tokens->list.clear();
  if (lower_) {
    ToLowerLikePython(text, &tokens->buffer);
    text = tokens->buffer;
  }
  const char* const end = text.data() + text.size();
  const char* word = text.data();
  for (const char* p = word; p < end;) {
    const char* const here = p;
    bool separates;
    if (const unsigned char byte = static_cast<unsigned char>(*p); byte < 0x80) {
      separates = separates_[byte];
      ++p;
    } else if (wide_filters_.empty()) {
      separates = false;
      ++p;
    } else {
      separates = std::binary_search(wide_filters_.begin(), wide_filters_.end(), DecodeUtf8(p, end));
    }
    if (!separates) continue;
    if (here > word) tokens->list.emplace_back(word, here - word);
    word = p;
  }
  if (end > word) tokens->list.emplace_back(word, end - word);
}

}  // namespace pumasi
