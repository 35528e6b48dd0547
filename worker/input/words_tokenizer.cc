#include "worker/input/words_tokenizer.h"

#include <array>

#include "worker/input/lower_case.h"
#include "worker/input/unicode_classes.h"
#include "worker/input/utf8.h"

namespace pumasi {
namespace {

// For each byte: does it stand in a word (an ASCII letter, digit, + or #)?
constexpr std::array<bool, 256> kAsciiInWord = [] {
  std::array<bool, 256> in_word = {};
  for (int c = 'a'; c <= 'z'; ++c) in_word[c] = in_word[c - 'a' + 'A'] = true;
  for (int c = '0'; c <= '9'; ++c) in_word[c] = true;
  in_word['+'] = in_word['#'] = true;
  return in_word;
}();

// Whether the code point at `p`, which is not ASCII, stands in a word; `p` moves past it.
bool TakeInWord(const UnicodeClasses& classes, const char*& p, const char* end) {
  if ((*p & 0xF0) == 0xE0 && end - p >= 3 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80) {
    const UnicodeClasses::Block block = classes.WordBlock((p[0] & 0x0F) << 6 | (p[1] & 0x3F));
    if (block != UnicodeClasses::kMixed) {
      p += 3;
      return block == UnicodeClasses::kYes;
    }
  }
  return classes.InWord(DecodeUtf8(p, end));
}

}  // namespace

void WordsTokenizer::Split(std::string_view text, Tokens* tokens) const {
  tokens->list.clear();
  if (lower_) {
    ToLower(text, &tokens->buffer);
    text = tokens->buffer;
  }
  const UnicodeClasses& classes = UnicodeClasses::Get();
  const char* const end = text.data() + text.size();
  const char* word = nullptr;  // where the current word begins
  for (const char* p = text.data(); p < end;) {
    const char* const here = p;
    const unsigned char byte = static_cast<unsigned char>(*p);
    bool in_word;
    if (byte < 0x80) {
      in_word = kAsciiInWord[byte];
      ++p;
    } else {
      in_word = TakeInWord(classes, p, end);
    }
    if (in_word && word == nullptr) word = here;
    if (!in_word && word != nullptr) {
      tokens->list.emplace_back(word, here - word);
      word = nullptr;
    }
  }
  if (word != nullptr) tokens->list.emplace_back(word, end - word);
}

}  // namespace pumasi
