#include "worker/input/survey.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>

#include "tests/worker_input/data_folder.h"

namespace pumasi {
namespace {

// Opens a file and surveys it with words as tokens.
struct Surveyed {
  Surveyed(const std::string& contents, uint64_t piece_bytes, int threads, bool skip = false,
           LabelKind kind = LabelKind::kClass)
      : labels(kind, "|"), bad_rows(skip, 1000), tracker(nullptr, nullptr) {
    v1::Tokenizer config;
    config.set_kind(v1::TOKENIZER_KIND_WORDS);
    auto opened = CsvInput::Open({folder.Write("a.csv", contents)}, {{"text"}, "label"}, {}, threads, piece_bytes);
    REQUIRE(opened.ok());
    input = *std::move(opened);
    const auto tokenizer = MakeTokenizer(config);
    auto result = SurveyRows(*input, {&labels, tokenizer->get(), nullptr}, threads, &bad_rows, &tracker);
    INFO(result.status().ToString());
    REQUIRE(result.ok());
    survey = *std::move(result);
  }
  std::string Sample(const SampleSize& size, bool lower = false) {
    const auto sample = SampleTexts(*input, labels, survey, size, lower, 2, &tracker);
    REQUIRE(sample.ok());
    return *sample;
  }

  DataFolder folder;
  LabelReader labels;
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

TEST_CASE("Rows whose labels are malformed are neither counted nor sampled, and the names come apart") {
  std::string csv = "text,label\n";
  for (int i = 0; i < 100; ++i) csv += std::to_string(i) + (i % 10 == 0 ? ",a||b\n" : i % 3 == 0 ? ",a|b\n" : ",c\n");
  for (uint64_t piece_bytes : {1 << 20, 50, 1}) {
    Surveyed surveyed(csv, piece_bytes, 2, /*skip=*/true, LabelKind::kClasses);
    CHECK(surveyed.bad_rows.lost() == 10);
    CHECK(surveyed.survey.rows == 90);
    std::vector<std::string> labels = surveyed.survey.labels;
    std::sort(labels.begin(), labels.end());
    CHECK(labels == std::vector<std::string>{"a", "b", "c"});
    CHECK(surveyed.Sample({3, 100}) == "33\n66\n99\n");
  }
}

TEST_CASE("The first row whose numbers can be read decides how many there are") {
  DataFolder folder;
  const LabelReader labels(LabelKind::kNumbers, "|");
  for (const auto& [rows, count] : std::map<std::string, uint32_t>{
           {"a,1|2|3\nb,1\n", 3}, {"short\na,x\nb,nan\nc,\nd,1|2\ne,7\n", 2}, {"a,x\n", 0}, {"", 0}}) {
    for (uint64_t piece_bytes : {1 << 20, 1}) {
      const std::string file = folder.Write("a.csv", "text,label\n" + rows);
      const auto input = CsvInput::Open({file}, {{"text"}, "label"}, {}, 1, piece_bytes);
      REQUIRE(input.ok());
      CHECK(CountNumbers(**input, labels, 4) == count);
      CHECK(CountNumbers(**input, labels, 3) == (count == 2 ? 0 : count));
    }
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
  const LabelReader labels(LabelKind::kClass, "");
  CHECK(absl::IsCancelled(SurveyRows(**input, {&labels}, 1, &bad_rows, &cancelled).status()));
}

}  // namespace
}  // namespace pumasi
