#include "worker/input/whitespace_tokenizer.h"

#include "worker/input/lower_case.h"

namespace pumasi {

void WhitespaceTokenizer::Split(std::string_view text, Tokens* tokens) const {
  if (lower_) {
    ToLower(text, &tokens->buffer);
    text = tokens->buffer;
  }
  std::string_view* const room = tokens->list.Room((text.size() + 1) / 2 + 8);
  tokens->list.SetSize(kernels_.split_white(text.data(), text.size(), room));
}

}  // namespace pumasi
