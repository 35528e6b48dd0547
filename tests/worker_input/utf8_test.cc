#include "worker/input/utf8.h"

#include <catch2/catch.hpp>
#include <random>

#include "ops/instruction_set.h"
#include "tests/worker_input/plain_utf8.h"

namespace pumasi {
namespace {

TEST_CASE("Valid text of all lengths is valid, and every code point survives a round trip") {
  for (char32_t code = 0; code <= 0x10FFFF; ++code) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    std::string text;
    AppendUtf8(code, &text);
    const char* p = text.data();
    const bool same = DecodeUtf8(p, p + text.size()) == code && p == text.data() + text.size() &&
                      ValidUtf8Prefix(text) == text.size();
    if (!same) FAIL("code point " << static_cast<uint32_t>(code));
  }
}

TEST_CASE("Broken text is valid up to where the standard's table says") {
  const uint64_t seed = 5;
  std::mt19937_64 random(seed);
  static const unsigned char kBytes[] = {0x00, 'a',  0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF,
                                         0xE0, 0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF};
  for (int round = 0; round < 300000; ++round) {
    std::string text(random() % 40, 'a');
    if (round % 2 == 0) {
      for (size_t i = 0; i + 3 <= text.size(); i += 3) text.replace(i, 3, "한");
    }
    for (uint64_t i = 1 + random() % 4; i > 0; --i) {
      text.insert(text.begin() + random() % (text.size() + 1), static_cast<char>(kBytes[random() % std::size(kBytes)]));
    }
    const bool same = ValidUtf8Prefix(text) == PlainValidPrefix(text);
    if (!same) FAIL("seed " << seed << ", round " << round);
    // The real replacement character is valid.
    if (round == 0) CHECK(ValidUtf8Prefix("\uFFFDx") == 4);
  }
}

TEST_CASE("Long text is valid up to where the standard's table says, with every instruction set") {
  for (const InstructionSet set : {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    const ScopedInstructionSet scope(set);
    const uint64_t seed = 6;
    std::mt19937_64 random(seed);
    for (int round = 0; round < 5000; ++round) {
      const bool valid = round % 2 == 0;
      std::string text = HardText(&random, random() % 200, valid);
      if (valid && !text.empty()) text[random() % text.size()] = static_cast<char>(random());
      const bool same = ValidUtf8Prefix(text) == PlainValidPrefix(text);
      if (!same) FAIL(Name(set) << ", seed " << seed << ", round " << round);
    }
  }
}

TEST_CASE("An invalid byte decodes to the replacement character, one byte at a time") {
  const std::string text = "\xED\xA0\x80z";  // a surrogate
  const char* p = text.data();
  for (int i = 0; i < 3; ++i) CHECK(DecodeUtf8(p, text.data() + text.size()) == kReplacementCharacter);
  CHECK(DecodeUtf8(p, text.data() + text.size()) == 'z');
}

}  // namespace
}  // namespace pumasi
