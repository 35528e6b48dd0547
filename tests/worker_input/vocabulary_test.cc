#include "worker/input/vocabulary.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "worker/input/label_set.h"

namespace pumasi {
namespace {

std::vector<std::string> Ids(const Vocabulary& vocabulary) {
  std::vector<std::string> tokens;
  for (uint32_t id = vocabulary.first_id(); id < vocabulary.size(); ++id) tokens.emplace_back(vocabulary.token(id));
  return tokens;
}

TokenCounter Count(const std::vector<std::string>& tokens) {
  TokenCounter counter;
  for (const std::string& token : tokens) counter.Add(token);
  return counter;
}

TEST_CASE("Ids go by falling count, ties by which token came first") {
  const TokenCounter counts = Count({"c", "b", "a", "b", "a", "d", "a", "e"});
  const Vocabulary vocabulary = Vocabulary::FromCounts(counts, {.limit = 100});
  CHECK(vocabulary.size() == 7);
  CHECK(Ids(vocabulary) == std::vector<std::string>{"a", "b", "c", "d", "e"});
  CHECK(vocabulary.Find("a") == 2);
  CHECK(vocabulary.Find("e") == 6);
  CHECK(vocabulary.Find("nothing") == kPaddingId);
  CHECK(vocabulary.Find("") == kPaddingId);
}

TEST_CASE("The limit counts padding and the unknown token") {
  const TokenCounter counts = Count({"c", "b", "a", "b", "a", "d", "a", "e"});
  CHECK(Ids(Vocabulary::FromCounts(counts, {.limit = 4})) == std::vector<std::string>{"a", "b"});
  CHECK(Ids(Vocabulary::FromCounts(counts, {.limit = 3})) == std::vector<std::string>{"a"});
  CHECK(Vocabulary::FromCounts(counts, {.limit = 2}).size() == 2);
  CHECK(Vocabulary::FromCounts(TokenCounter(), {.limit = 50}).size() == 2);
}

TEST_CASE("Keras' ids begin at 1, keep those below num_words, and oov_token takes 1") {
  const TokenCounter counts = Count({"the", "cat", "the", "hat"});
  CHECK(Ids(Vocabulary::FromCounts(counts, {.limit = 3, .first_id = 1})) == std::vector<std::string>{"the", "cat"});
  const Vocabulary oov = Vocabulary::FromCounts(counts, {.limit = 4, .first_id = 1, .first_token = "<OOV>"});
  CHECK(Ids(oov) == std::vector<std::string>{"<OOV>", "the", "cat"});
  CHECK(oov.Find("<OOV>") == 1);
  CHECK(oov.Find("cat") == 3);
  // A word that is the oov_token has its id, and leaves its own place to others.
  CHECK(Ids(Vocabulary::FromCounts(counts, {.limit = 4, .first_id = 1, .first_token = "the"})) ==
        std::vector<std::string>{"the", "cat", "hat"});
}

TEST_CASE("Counting in shares gives what counting at once gives, whatever the shares") {
  const uint64_t seed = 11;
  std::mt19937_64 random(seed);
  std::vector<std::string> tokens;
  for (int i = 0; i < 20000; ++i) {
    const uint64_t different = 1 + random() % 5000;
    tokens.push_back("t" + std::to_string(random() % different));
  }
  std::map<std::string, uint64_t> plain;
  for (const std::string& token : tokens) ++plain[token];
  const TokenCounter whole = Count(tokens);
  REQUIRE(whole.size() == plain.size());
  for (size_t i = 0; i < whole.size(); ++i) {
    const bool same = whole.count(i) == plain[std::string(whole.token(i))];
    REQUIRE(same);
  }
  for (size_t shares : {2, 3, 7}) {
    TokenCounter sum;
    for (size_t share = 0; share < shares; ++share) {
      TokenCounter part;
      for (size_t i = tokens.size() * share / shares; i < tokens.size() * (share + 1) / shares; ++i)
        part.Add(tokens[i]);
      sum.Merge(part);
    }
    CAPTURE(seed, shares);
    const bool same =
        Ids(Vocabulary::FromCounts(sum, {.limit = 3000})) == Ids(Vocabulary::FromCounts(whole, {.limit = 3000}));
    CHECK(same);
  }
}

TEST_CASE("A vocabulary survives its file, tokens with line breaks and backslashes included") {
  const Vocabulary vocabulary =
      Vocabulary::FromCounts(Count({"a", "line\nbreak", "back\\slash", "\\n", "\r", "한국", "<pad>"}), {.limit = 50});
  const std::string text = vocabulary.ToText();
  CHECK(text == "<pad>\n<unk>\na\nline\\nbreak\nback\\\\slash\n\\\\n\n\\r\n한국\n<pad>\n");
  const auto read = Vocabulary::FromText(text, 2);
  REQUIRE(read.ok());
  CHECK(Ids(*read) == Ids(vocabulary));
  CHECK(read->ToText() == text);
  for (const std::string& token : Ids(vocabulary)) CHECK(read->Find(token) == vocabulary.Find(token));
}

TEST_CASE("A file that is no vocabulary is refused") {
  for (const char* text : {"", "<pad>\n", "<pad>\na\n", "x\n<unk>\n", "<pad>\n<unk>\na", "<pad>\n<unk>\na\\b\n",
                           "<pad>\n<unk>\na\\\n", "<pad>\n<unk>\na\na\n"}) {
    CAPTURE(text);
    CHECK(absl::IsInvalidArgument(Vocabulary::FromText(text, 2).status()));
  }
}

TEST_CASE("Labels that are all integers are numbered by value, others by their bytes") {
  CHECK(LabelSet::FromNames({"10", "9", "-1", "9"}).names() == std::vector<std::string>{"-1", "9", "10"});
  CHECK(LabelSet::FromNames({"10", "9", "x"}).names() == std::vector<std::string>{"10", "9", "x"});
  CHECK(LabelSet::FromNames({"b", "B", "é", "a"}).names() == std::vector<std::string>{"B", "a", "b", "é"});
  CHECK(LabelSet::FromNames({"1", "01"}).names() == std::vector<std::string>{"01", "1"});
  const LabelSet labels = LabelSet::FromNames({"10", "9"});
  CHECK(labels.Find("9") == 0u);
  CHECK(labels.Find("10") == 1u);
  CHECK(!labels.Find("8").has_value());
  CHECK(!labels.Find("").has_value());
}

TEST_CASE("Labels survive their file") {
  const LabelSet labels = LabelSet::FromNames({"two\nlines", "a\\b", "plain"});
  const auto read = LabelSet::FromText(labels.ToText());
  REQUIRE(read.ok());
  CHECK(read->names() == labels.names());
  CHECK(read->Find("two\nlines") == labels.Find("two\nlines"));
  for (const char* text : {"a", "a\na\n", "a\\x\n"}) CHECK(absl::IsInvalidArgument(LabelSet::FromText(text).status()));
}

}  // namespace
}  // namespace pumasi
