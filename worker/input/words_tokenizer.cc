#include "worker/input/words_tokenizer.h"

#include "worker/input/lower_case.h"
#include "worker/input/unicode_classes.h"

namespace pumasi {

void WordsTokenizer::Split(std::string_view text, Tokens* tokens) const {
  if (lower_) {
    ToLower(text, &tokens->buffer);
    text = tokens->buffer;
  }
  std::string_view* const room = tokens->list.Room((text.size() + 1) / 2 + 8);
  tokens->list.SetSize(kernels_.split_words(text.data(), text.size(), UnicodeClasses::Get(), room));
}

}  // namespace pumasi
