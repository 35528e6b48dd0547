#include "worker/input/survey.h"

#include <catch2/catch.hpp>

#include "tests/worker_input/data_folder.h"

namespace pumasi {
namespace {

// Opens a file and surveys it with words as tokens.
struct Surveyed {
  Surveyed(const std::string& contents, uint64_t piece_bytes, int threads, bool skip = false)
      : bad_rows(skip, 1000), tracker(nullptr, nullptr) {
    v1::Tokenizer config;
    config.set_kind(v1::TOKENIZER_KIND_WORDS);
    auto opened = CsvInput::Open({folder.Write("a.csv", contents)}, {{"text"}, "label"}, {}, threads, piece_bytes);
    REQUIRE(opened.ok());
    input = *std::move(opened);
    const auto tokenizer = MakeTokenizer(config);
    auto result = SurveyRows(*input, tokenizer->get(), threads, &bad_rows, &tracker);
    INFO(result.status().ToString());
    REQUIRE(result.ok());
    survey = *std::move(result);
  }
  std::string Sample(const SampleSize& size, bool lower = false) {
    const auto sample = SampleTexts(*input, survey, size, lower, 2, &tracker);
    REQUIRE(sample.ok());
    return *sample;
  }

  DataFolder folder;
  BadRows bad_rows;
  ProgressTracker tracker;
  std::unique_ptr<CsvInput> input;
  Survey survey;
};

TEST_CASE("A survey finds tokens, labels and rows, the same for any pieces and threads") {
  std::string csv = "text,label\n";
  for (int i = 0; i < 500; ++i)
    csv += "w" + std::to_string(i * i % 97) + " w" + std::to_string(i) + "," + std::to_string(i % 4) + "\n";
  const Surveyed whole(csv, 1 << 20, 1);
  CHECK(whole.survey.rows == 500);
  CHECK(whole.survey.labels.size() == 4);
  for (int threads : {1, 2, 5}) {
    const Surveyed parts(csv, 100, threads);
    CHECK(parts.survey.rows == 500);
    REQUIRE(parts.survey.tokens.size() == whole.survey.tokens.size());
    for (size_t i = 0; i < whole.survey.tokens.size(); ++i) {
      REQUIRE(parts.survey.tokens.token(i) == whole.survey.tokens.token(i));
      REQUIRE(parts.survey.tokens.count(i) == whole.survey.tokens.count(i));
    }
  }
}

TEST_CASE("A sample is spread evenly and does not depend on the pieces; malformed rows do not count") {
  std::string csv = "text,label\n";
  for (int i = 0; i < 100; ++i) csv += std::to_string(i) + ",1\n" + (i % 10 == 0 ? "bad\n" : "");
  for (uint64_t piece_bytes : {1 << 20, 50, 1}) {
    Surveyed surveyed(csv, piece_bytes, 2, /*skip=*/true);
    CHECK(surveyed.bad_rows.lost() == 10);
    CHECK(surveyed.Sample({4, 100}) == "24\n49\n74\n99\n");
    const std::string all = surveyed.Sample({1000, 100});
    CHECK(std::count(all.begin(), all.end(), '\n') == 100);
    CHECK(surveyed.Sample({0, 100}).empty());
  }
}

TEST_CASE("Each sampled text fills one line, is cut between characters and lower-cased if asked for") {
  Surveyed surveyed("text,label\n\"Two\r\nLines\",1\n한국어,1\n", 1 << 20, 1);
  CHECK(surveyed.Sample({10, 100}) == "Two  Lines\n한국어\n");
  CHECK(surveyed.Sample({10, 8}, true) == "two  lin\n한국\n");
}

TEST_CASE("A survey ends when it is cancelled") {
  DataFolder folder;
  auto input = CsvInput::Open({folder.Write("a.csv", "text,label\na,1\n")}, {{"text"}, "label"}, {}, 1);
  REQUIRE(input.ok());
  BadRows bad_rows(false, 0);
  ProgressTracker cancelled(nullptr, [] { return true; });
  CHECK(absl::IsCancelled(SurveyRows(**input, nullptr, 1, &bad_rows, &cancelled).status()));
}

}  // namespace
}  // namespace pumasi
