#include "worker/input/tokenizer.h"

#include <catch2/catch.hpp>
#include <random>

#include "ops/instruction_set.h"
#include "tests/worker_input/plain_utf8.h"
#include "worker/input/lower_case.h"
#include "worker/input/unicode_classes.h"
#include "worker/input/utf8.h"

namespace pumasi {
namespace {

using Words = std::vector<std::string>;

v1::Tokenizer Config(v1::TokenizerKind kind, bool lower = true) {
  v1::Tokenizer config;
  config.set_kind(kind);
  config.set_lower(lower);
  return config;
}

Words Split(const v1::Tokenizer& config, std::string_view text) {
  auto tokenizer = MakeTokenizer(config);
  REQUIRE(tokenizer.ok());
  Tokens tokens;
  (*tokenizer)->Split("left over from another text", &tokens);
  (*tokenizer)->Split(text, &tokens);
  return Words(tokens.list.begin(), tokens.list.end());
}

Words SplitWords(std::string_view text) { return Split(Config(v1::TOKENIZER_KIND_WORDS), text); }
Words SplitWhitespace(std::string_view text) { return Split(Config(v1::TOKENIZER_KIND_WHITESPACE, false), text); }

std::string Lower(std::string_view text) {
  std::string lower;
  ToLower(text, &lower);
  return lower;
}

std::string LowerLikePython(std::string_view text) {
  std::string lower;
  ToLowerLikePython(text, &lower);
  return lower;
}

TEST_CASE("Words are runs of letters, digits, + and #, in lower case") {
  CHECK(SplitWords("The C++ and C# compilers (g++ 12), e.g. on x86_64!") ==
        Words{"the", "c++", "and", "c#", "compilers", "g++", "12", "e", "g", "on", "x86", "64"});
  CHECK(SplitWords("").empty());
  CHECK(SplitWords(" ... ").empty());
  CHECK(SplitWords("last") == Words{"last"});
}

TEST_CASE("Letters of all scripts make words, with the marks that combine with them") {
  CHECK(SplitWords("Größe—Ünïcode") == Words{"größe", "ünïcode"});
  CHECK(SplitWords("참 어이없군. 20년 지났어도ㅠ.ㅠ") == Words{"참", "어이없군", "20년", "지났어도ㅠ", "ㅠ"});
  CHECK(SplitWords("ПРИВЕТ, мир") == Words{"привет", "мир"});
  CHECK(SplitWords("हिन्दी में") == Words{"हिन्दी", "में"});
  CHECK(SplitWords("cafe\u0301!") == Words{"cafe\u0301"});
  CHECK(SplitWords("映画「最高」だ。") == Words{"映画", "最高", "だ"});
  CHECK(SplitWords("𝒳𝒴 😀𐐀") == Words{"𝒳𝒴", "𐐨"});
  CHECK(SplitWords("٣ ½") == Words{"٣"});
}

TEST_CASE("Case is kept where it is asked for") {
  CHECK(Split(Config(v1::TOKENIZER_KIND_WORDS, false), "The C++") == Words{"The", "C++"});
  CHECK(Split(Config(v1::TOKENIZER_KIND_CHARACTERS, false), "Ab") == Words{"A", "b"});
}

TEST_CASE("Whitespace tokens are what Python's str.split() gives") {
  CHECK(SplitWhitespace("  a\tb\r\nc\v\fd  ") == Words{"a", "b", "c", "d"});
  CHECK(SplitWhitespace("a\u00A0b\u3000c\u2003d\u0085e\u1680f\x1C"
                        "g\u2028h") == Words{"a", "b", "c", "d", "e", "f", "g", "h"});
  // Not white space: the zero-width space, and neighbours of white space in UTF-8.
  CHECK(SplitWhitespace("a\u200Bb \u00A1\u2010\u3001") == Words{"a\u200Bb", "\u00A1\u2010\u3001"});
  CHECK(SplitWhitespace("정말 별일  아니네요...") == Words{"정말", "별일", "아니네요..."});
  CHECK(Split(Config(v1::TOKENIZER_KIND_WHITESPACE), "Ab CD") == Words{"ab", "cd"});
  CHECK(SplitWhitespace(" ").empty());
}

TEST_CASE("Characters are code points but for white space") {
  CHECK(Split(Config(v1::TOKENIZER_KIND_CHARACTERS), "Aé 한\u3000😀\n") == Words{"a", "é", "한", "😀"});
}

TEST_CASE("Keras' words are what its text_to_word_sequence gives") {
  const v1::Tokenizer keras = Config(v1::TOKENIZER_KIND_KERAS);
  CHECK(Split(keras, "The Cat's hat, on_the mat!") == Words{"the", "cat's", "hat", "on", "the", "mat"});
  CHECK(Split(keras, "a\tb\nc  d") == Words{"a", "b", "c", "d"});
  // Only the space and the filters part words: other white space stays inside.
  CHECK(Split(keras, "a\rb\u00A0c\u3000d") == Words{"a\rb\u00A0c\u3000d"});
  CHECK(Split(keras, "!\"#$%&()*+,-./:;<=>?@[\\]^_`{|}~").empty());
  CHECK(Split(keras, "I\u0307İ ΟΔΟΣ") == Words{"i\u0307i\u0307", "οδος"});
}

TEST_CASE("Keras' filters and lower may be set") {
  v1::Tokenizer keras = Config(v1::TOKENIZER_KIND_KERAS, false);
  keras.set_filters("x。");
  CHECK(Split(keras, "AxB。C,d、e") == Words{"A", "B", "C,d、e"});
  keras.set_filters("");
  CHECK(Split(keras, "A, b!") == Words{"A,", "b!"});
  keras.set_filters("\xFF");
  CHECK(absl::IsInvalidArgument(MakeTokenizer(keras).status()));
}

TEST_CASE("A tokenizer that cannot split text is refused") {
  CHECK(absl::IsInvalidArgument(MakeTokenizer(Config(v1::TOKENIZER_KIND_UNSPECIFIED)).status()));
  CHECK(absl::IsInvalidArgument(MakeTokenizer(Config(v1::TOKENIZER_KIND_SENTENCEPIECE)).status()));
}

TEST_CASE("Lower case follows Unicode's simple mapping") {
  CHECK(Lower("ABC xyz 0123456789 @[`{ ABCDEFGHIJKLMNOPQRSTUVWXYZ") ==
        "abc xyz 0123456789 @[`{ abcdefghijklmnopqrstuvwxyz");
  CHECK(Lower("ÀÉÎ ΑΒΓΣ ЖЩ Ǆ ＡＺ Ⴀ Ꭰ 𐐀") == "àéî αβγσ жщ ǆ ａｚ ⴀ ꭰ 𐐨");
  CHECK(Lower("İI") == "ii");
  CHECK(Lower("K\u212A Ω\u2126") == "kk ωω");
  CHECK(Lower(std::string(100, '\xC8') + "Ⱥ") == std::string(100, '\xC8') + "ⱥ");
  CHECK(Lower("한국어 日本語") == "한국어 日本語");
  std::string grows;
  for (int i = 0; i < 100; ++i) grows += "Ⱥ";
  CHECK(Lower(grows).size() == 300);
}

TEST_CASE("Lower case like Python's maps İ to two code points and Σ at a word's end to ς") {
  CHECK(LowerLikePython("İ") == "i\u0307");
  CHECK(LowerLikePython("ΣΑΣ ΣΑΣ. Σ ΑΣ'Α ΑΣ' Α\u0301Σ\u0301") == "σας σας. σ ασ'α ας' α\u0301ς\u0301");
}

TEST_CASE("Lower case is that of each code point, in text of any kind and with every instruction set") {
  for (const InstructionSet set : {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    const ScopedInstructionSet scope(set);
    const uint64_t seed = 7;
    std::mt19937_64 random(seed);
    static const std::string kCased[] = {"É", "Привет", "Ａ", "Ꙁ", "Ꭰ", "𐐀", "Ⱥ", "Z"};
    for (int round = 0; round < 2000; ++round) {
      std::string text = HardText(&random, random() % 60, round % 2 == 0);
      for (uint64_t i = random() % 20; i > 0; --i)
        text += kCased[random() % std::size(kCased)] + HardText(&random, 2, true);
      std::string expected;
      for (const char* p = text.data(); p < text.data() + text.size();) {
        const char* const here = p;
        const char32_t code = DecodeUtf8(p, text.data() + text.size());
        const char32_t small = UnicodeClasses::Get().Lower(code);
        if (small == code) {
          expected.append(here, p);
        } else {
          AppendUtf8(small, &expected);
        }
      }
      INFO(Name(set) << ", seed " << seed << ", round " << round);
      const bool same = Lower(text) == expected;
      REQUIRE(same);
    }
  }
}

TEST_CASE("Any bytes are safe to lower and to split") {
  const uint64_t seed = 99;
  std::mt19937_64 random(seed);
  static const std::string kPieces[] = {"a",    "Z",    " ", "한",       "\xED", "\xED\x95", "\xF0\x9F",
                                        "\xC8", "\x80", "é", "\xE3\x80", "😀",    "İ"};
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (uint64_t i = random() % 30; i > 0; --i) text += kPieces[random() % std::size(kPieces)];
    INFO("seed " << seed << ", round " << round);
    for (v1::TokenizerKind kind : {v1::TOKENIZER_KIND_WORDS, v1::TOKENIZER_KIND_WHITESPACE,
                                   v1::TOKENIZER_KIND_CHARACTERS, v1::TOKENIZER_KIND_KERAS}) {
      size_t bytes = 0;
      for (const std::string& token : Split(Config(kind, round % 2 == 0), text)) {
        REQUIRE(!token.empty());
        bytes += token.size();
      }
      REQUIRE(bytes <= text.size() * 3 / 2);
    }
  }
}

}  // namespace
}  // namespace pumasi
