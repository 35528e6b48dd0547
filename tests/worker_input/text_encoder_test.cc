#include "worker/input/text_encoder.h"

#include <catch2/catch.hpp>

#include "tests/worker_input/data_folder.h"

namespace pumasi {
namespace {

using Ids = std::vector<uint32_t>;

v1::Tokenizer Config(v1::TokenizerKind kind, uint32_t vocabulary = 50000, uint32_t max_length = 50) {
  v1::Tokenizer config;
  config.set_kind(kind);
  config.set_lower(true);
  config.set_vocabulary(vocabulary);
  config.set_max_length(max_length);
  config.set_truncate(v1::TRUNCATE_BACK);
  return config;
}

// An encoder fitted to `texts` as Keras' fit_on_texts does, and as training does for the other kinds.
std::unique_ptr<TextEncoder> Fit(const v1::Tokenizer& config, const std::vector<std::string>& texts) {
  auto tokenizer = MakeTokenizer(config);
  REQUIRE(tokenizer.ok());
  TokenCounter counts;
  Tokens tokens;
  for (const std::string& text : texts) {
    (*tokenizer)->Split(text, &tokens);
    for (const std::string_view token : tokens.list) counts.Add(token);
  }
  auto encoder = TextEncoder::WithVocabulary(config, Vocabulary::FromCounts(counts, RulesFor(config)));
  REQUIRE(encoder.ok());
  return *std::move(encoder);
}

Ids Encode(const TextEncoder& encoder, std::string_view text) {
  TextEncoder::Scratch scratch;
  Ids ids = {77};
  REQUIRE(encoder.Encode(text, &scratch, &ids).ok());
  return ids;
}

TEST_CASE("Known tokens become their ids, unknown ones 1, and a text without tokens is [1]") {
  const auto encoder = Fit(Config(v1::TOKENIZER_KIND_WORDS), {"b a", "a"});
  CHECK(encoder->vocabulary() == 4);
  CHECK(Encode(*encoder, "A, b; c!") == Ids{2, 3, 1});
  CHECK(Encode(*encoder, "") == Ids{1});
  CHECK(Encode(*encoder, "...") == Ids{1});
  CHECK(Encode(*encoder, "c d") == Ids{1, 1});
}

TEST_CASE("A long text loses tokens at the end or at the front, as the job says") {
  v1::Tokenizer config = Config(v1::TOKENIZER_KIND_WHITESPACE, 50000, 3);
  const std::vector<std::string> texts = {"a b c d e"};
  CHECK(Encode(*Fit(config, texts), "a b c d e") == Ids{2, 3, 4});
  CHECK(Encode(*Fit(config, texts), "a b c") == Ids{2, 3, 4});
  config.set_truncate(v1::TRUNCATE_FRONT);
  CHECK(Encode(*Fit(config, texts), "a b c d e") == Ids{4, 5, 6});
  CHECK(Encode(*Fit(config, texts), "a b") == Ids{2, 3});
}

// The expected ids follow from Keras' documentation and source (keras.preprocessing.text.Tokenizer): word_index ranks
// words by count, ties by first sight, from 1; texts_to_sequences keeps indexes below num_words, and replaces others by
// the index of oov_token, where that is set.
const std::vector<std::string> kKerasTexts = {"The cat sat on the mat.", "The dog sat on the log!",
                                              "Cats & dogs: living together?"};

TEST_CASE("Keras without num_words in the way: every word of the texts has its rank") {
  const auto encoder = Fit(Config(v1::TOKENIZER_KIND_KERAS), kKerasTexts);
  // the 4, sat 2, on 2, then cat, mat, dog, log, cats, dogs, living, together.
  CHECK(encoder->vocabulary() == 12);
  CHECK(Encode(*encoder, kKerasTexts[0]) == Ids{1, 4, 2, 3, 1, 5});
  CHECK(Encode(*encoder, kKerasTexts[1]) == Ids{1, 6, 2, 3, 1, 7});
  CHECK(Encode(*encoder, kKerasTexts[2]) == Ids{8, 9, 10, 11});
  // Unknown words are left out.
  CHECK(Encode(*encoder, "the purple cat") == Ids{1, 4});
  CHECK(Encode(*encoder, "purple") == Ids{0});
}

TEST_CASE("Keras with num_words keeps ids below it") {
  const auto encoder = Fit(Config(v1::TOKENIZER_KIND_KERAS, 5), kKerasTexts);
  CHECK(encoder->vocabulary() == 5);
  CHECK(Encode(*encoder, kKerasTexts[0]) == Ids{1, 4, 2, 3, 1});
  CHECK(Encode(*encoder, kKerasTexts[1]) == Ids{1, 2, 3, 1});
  CHECK(Encode(*encoder, kKerasTexts[2]) == Ids{0});
}

TEST_CASE("Keras with oov_token: it takes 1 and stands for every unknown word") {
  v1::Tokenizer config = Config(v1::TOKENIZER_KIND_KERAS, 5);
  config.set_oov_token("<OOV>");
  const auto encoder = Fit(config, kKerasTexts);
  CHECK(Encode(*encoder, kKerasTexts[0]) == Ids{2, 1, 3, 4, 2, 1});
  CHECK(Encode(*encoder, kKerasTexts[2]) == Ids{1, 1, 1, 1});
  CHECK(Encode(*encoder, "") == Ids{1});
}

TEST_CASE("Keras cuts a row after unknown words are left out, at the front if asked") {
  v1::Tokenizer config = Config(v1::TOKENIZER_KIND_KERAS, 50000, 2);
  config.set_truncate(v1::TRUNCATE_FRONT);
  CHECK(Encode(*Fit(config, {"a b c"}), "a x b y c z") == Ids{2, 3});
  config.set_truncate(v1::TRUNCATE_BACK);
  CHECK(Encode(*Fit(config, {"a b c"}), "x a y b c") == Ids{1, 2});
}

TEST_CASE("An encoder read from a model folder gives the ids of training") {
  DataFolder folder;
  const std::vector<std::string> texts = {"한국 영화 a\\b 최고 영화", "line\nbreak"};
  for (const v1::TokenizerKind kind : {v1::TOKENIZER_KIND_WORDS, v1::TOKENIZER_KIND_WHITESPACE,
                                       v1::TOKENIZER_KIND_CHARACTERS, v1::TOKENIZER_KIND_KERAS}) {
    const v1::Tokenizer config = Config(kind);
    auto tokenizer = MakeTokenizer(config);
    TokenCounter counts;
    Tokens tokens;
    for (const std::string& text : texts) {
      (*tokenizer)->Split(text, &tokens);
      for (const std::string_view token : tokens.list) counts.Add(token);
    }
    folder.Write(kVocabularyFile, Vocabulary::FromCounts(counts, RulesFor(config)).ToText());
    const auto opened = TextEncoder::Open(config, folder.path());
    REQUIRE(opened.ok());
    for (const std::string& text : texts) CHECK(Encode(**opened, text) == Encode(*Fit(config, texts), text));
  }
}

TEST_CASE("Ids stand in the text, need no vocabulary, and a text without any is one padding") {
  DataFolder folder;
  v1::Tokenizer config = Config(v1::TOKENIZER_KIND_IDS, 1000, 4);
  const auto encoder = TextEncoder::Open(config, folder.path());
  REQUIRE(encoder.ok());
  CHECK((*encoder)->vocabulary() == 1000);
  CHECK(Encode(**encoder, "3 1 4") == Ids{3, 1, 4});
  CHECK(Encode(**encoder, " \t007\r\n0  999\v") == Ids{7, 0, 999});
  CHECK(Encode(**encoder, "") == Ids{0});
  CHECK(Encode(**encoder, "  ") == Ids{0});
  CHECK(Encode(**encoder, "1 2 3 4 5 6") == Ids{1, 2, 3, 4});
  config.set_truncate(v1::TRUNCATE_FRONT);
  CHECK(Encode(**TextEncoder::Open(config, folder.path()), "1 2 3 4 5 6") == Ids{3, 4, 5, 6});
}

TEST_CASE("What is no id is refused with the bound, also where the row would be cut") {
  const v1::Tokenizer config = Config(v1::TOKENIZER_KIND_IDS, 50000, 2);
  const auto encoder = TextEncoder::WithIds(config);
  REQUIRE(encoder.ok());
  const auto error = [&](std::string_view text) {
    TextEncoder::Scratch scratch;
    Ids ids;
    const absl::Status status = (*encoder)->Encode(text, &scratch, &ids);
    CHECK(absl::IsInvalidArgument(status));
    return std::string(status.message());
  };
  const std::string bound = "; ids are from 0 to 49999 (tokenizer.vocabulary: 50000)";
  CHECK(error("1 50000") == "\"50000\" is no id" + bound);
  CHECK(error("1 2 3 4 99999999999999999999999999") == "\"99999999999999999999999999\" is no id" + bound);
  CHECK(error("18446744073709551617") == "\"18446744073709551617\" is no id" + bound);
  CHECK(error("1 -2") == "\"-2\" is no whole number" + bound);
  CHECK(error("1,2") == "\"1,2\" is no whole number" + bound);
  CHECK(error("+1") == "\"+1\" is no whole number" + bound);
  CHECK(error("1.0") == "\"1.0\" is no whole number" + bound);
  CHECK(error("7\xC2\xA0 8") == "\"7\xC2\xA0\" is no whole number" + bound);
  CHECK(absl::IsInvalidArgument(TextEncoder::WithIds(Config(v1::TOKENIZER_KIND_IDS, 0)).status()));
  CHECK(absl::IsInvalidArgument(TextEncoder::WithIds(Config(v1::TOKENIZER_KIND_IDS, 5, 0)).status()));
}

TEST_CASE("A model folder that lacks its files or holds damaged ones is refused") {
  DataFolder folder;
  const v1::Tokenizer config = Config(v1::TOKENIZER_KIND_WORDS);
  CHECK(absl::IsNotFound(TextEncoder::Open(config, folder.path()).status()));
  folder.Write(kVocabularyFile, "<pad>\nnot it\n");
  CHECK(absl::IsDataLoss(TextEncoder::Open(config, folder.path()).status()));
  CHECK(absl::IsInvalidArgument(TextEncoder::Open(Config(v1::TOKENIZER_KIND_WORDS, 5, 0), folder.path()).status()));
}

}  // namespace
}  // namespace pumasi
