#include "worker/input/whitespace_tokenizer.h"

#include <array>

#include "worker/input/lower_case.h"
#include "worker/input/utf8.h"

namespace pumasi {
namespace {

enum class ByteClass : unsigned char { kToken, kWhite, kMaybeWhite };

// For each byte: is it white space, or may it begin a multi-byte white space (U+0085 … U+3000)?
constexpr std::array<ByteClass, 256> kClasses = [] {
  std::array<ByteClass, 256> classes = {};
  for (int c = 0; c < 0x80; ++c) classes[c] = IsWhiteSpace(c) ? ByteClass::kWhite : ByteClass::kToken;
  for (int lead : {0xC2, 0xE1, 0xE2, 0xE3}) classes[lead] = ByteClass::kMaybeWhite;
  return classes;
}();

}  // namespace

void WhitespaceTokenizer::Split(std::string_view text, Tokens* tokens) const {
  tokens->list.clear();
  if (lower_) {
    ToLower(text, &tokens->buffer);
    text = tokens->buffer;
  }
  const char* const end = text.data() + text.size();
  const char* token = text.data();
  for (const char* p = token; p < end;) {
    const ByteClass byte = kClasses[static_cast<unsigned char>(*p)];
    if (byte == ByteClass::kToken) {
      ++p;
      continue;
    }
    const char* const here = p;
    if (byte == ByteClass::kWhite) {
      ++p;
    } else if (!IsWhiteSpace(DecodeUtf8(p, end))) {
      continue;
    }
    if (here > token) tokens->list.emplace_back(token, here - token);
    token = p;
  }
  if (end > token) tokens->list.emplace_back(token, end - token);
}

}  // namespace pumasi
