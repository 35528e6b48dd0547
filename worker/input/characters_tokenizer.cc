#include "worker/input/characters_tokenizer.h"

#include "worker/input/lower_case.h"
#include "worker/input/utf8.h"

namespace pumasi {

void CharactersTokenizer::Split(std::string_view text, Tokens* tokens) const {
  tokens->list.clear();
  if (lower_) {
    ToLower(text, &tokens->buffer);
    text = tokens->buffer;
  }
  const char* const end = text.data() + text.size();
  for (const char* p = text.data(); p < end;) {
    const char* const here = p;
    if (!IsWhiteSpace(DecodeUtf8(p, end))) tokens->list.emplace_back(here, p - here);
  }
}

}  // namespace pumasi
