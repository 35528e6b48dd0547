#include "worker/input/renumber_rows.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/worker_input/data_folder.h"
#include "worker/input/encode_rows.h"
#include "worker/input/label_encoder.h"
#include "worker/input/label_set.h"
#include "worker/input/survey.h"
#include "worker/input/text_encoder.h"

namespace pumasi {
namespace {

v1::Tokenizer Config(v1::TokenizerKind kind, uint32_t max_length, v1::Truncate truncate, const char* oov = "") {
  v1::Tokenizer config;
  config.set_kind(kind);
  config.set_lower(true);
  config.set_vocabulary(20);
  config.set_max_length(max_length);
  config.set_truncate(truncate);
  config.set_oov_token(oov);
  return config;
}

// Rows of 0 to 12 words, some rare; labels as the kind has them; some rows malformed.
std::string SomeCsv(LabelKind kind, std::mt19937_64* random) {
  std::string csv = "text,label\n";
  for (int row = 0; row < 400; ++row) {
    csv += '"';
    for (uint64_t words = (*random)() % 13; words > 0; --words) {
      csv += "W" + std::to_string((*random)() % (1 + (*random)() % 60)) + " ";
    }
    csv += "\",";
    if (kind == LabelKind::kClass) csv += std::to_string((*random)() % 7);
    if (kind == LabelKind::kNumbers) csv += std::to_string((*random)() % 100) + "|0.5";
    if (kind == LabelKind::kClasses) {
      const uint64_t labels = (*random)() % 4;
      for (uint64_t i = 0; i < labels; ++i) csv += (i > 0 ? "|" : "") + std::string(1, 'a' + (*random)() % 9);
    }
    csv += (*random)() % 20 == 0 ? ",too many\n" : "\n";
  }
  return csv;
}

struct Rows {
  std::vector<std::vector<uint32_t>> tokens, labels;
  bool operator==(const Rows&) const = default;
  absl::Status Take(const EncodedRows& rows) {
    for (uint64_t row = 0; row < rows.rows(); ++row) {
      rows.Get(row, &tokens.emplace_back(), &labels.emplace_back());
    }
    return absl::OkStatus();
  }
};

TEST_CASE("Rows that are renumbered are those that are read and encoded again, whatever pieces, threads and settings") {
  const uint64_t seed = 12;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const v1::Tokenizer configs[] = {Config(v1::TOKENIZER_KIND_WORDS, 5, v1::TRUNCATE_BACK),
                                   Config(v1::TOKENIZER_KIND_WHITESPACE, 4, v1::TRUNCATE_FRONT),
                                   Config(v1::TOKENIZER_KIND_CHARACTERS, 50, v1::TRUNCATE_BACK),
                                   Config(v1::TOKENIZER_KIND_KERAS, 4, v1::TRUNCATE_FRONT),
                                   Config(v1::TOKENIZER_KIND_KERAS, 4, v1::TRUNCATE_BACK, "w59")};
  for (const LabelKind kind : {LabelKind::kClass, LabelKind::kClasses, LabelKind::kNumbers}) {
    DataFolder folder;
    const std::vector<std::string> files = {folder.Write("1.csv", SomeCsv(kind, &random)),
                                            folder.Write("2.csv", SomeCsv(kind, &random))};
    for (const v1::Tokenizer& config : configs) {
      for (const auto& [threads, piece_bytes] : {std::pair(1, 1 << 20), {1, 700}, {3, 700}, {7, 5000}}) {
        CAPTURE(static_cast<int>(kind), config.ShortDebugString(), threads, piece_bytes);
        CsvColumns columns = {{"text"}, "label"};
        columns.label_may_be_empty = kind == LabelKind::kClasses;
        const auto input = CsvInput::Open(files, columns, {}, threads, piece_bytes);
        REQUIRE(input.ok());
        const LabelReader labels(kind, "|", kind == LabelKind::kNumbers ? 2 : 0);
        const auto tokenizer = MakeTokenizer(config);
        ProgressTracker tracker(nullptr, nullptr);
        BadRows bad_rows(/*skip=*/true, 1000), again(/*skip=*/true, 1000);
        const auto numbered = NumberedRows::Create(folder.path(), (*input)->pieces().size(), threads);
        REQUIRE(numbered.ok());
        const auto survey =
            SurveyRows(**input, {&labels, tokenizer->get(), nullptr, numbered->get()}, threads, &bad_rows, &tracker);
        REQUIRE(survey.ok());

        FinalIds ids;
        auto encoder =
            TextEncoder::WithVocabulary(config, Vocabulary::FromCounts(survey->tokens, RulesFor(config), &ids.tokens));
        REQUIRE(encoder.ok());
        const LabelEncoder label_encoder(labels, LabelSet::FromNames(survey->labels));
        for (const std::string& name : survey->labels) ids.classes.push_back(*label_encoder.labels().Find(name));
        Rows read, renumbered;
        REQUIRE(EncodeRows(**input, **encoder, label_encoder, threads, &again, &tracker, [&](const EncodedRows& rows) {
                  return read.Take(rows);
                }).ok());
        REQUIRE(RenumberRows(**input, **numbered, ids, RowRules(config), kind, threads, &tracker,
                             [&](const EncodedRows& rows) { return renumbered.Take(rows); })
                    .ok());
        CHECK(renumbered.tokens.size() == survey->rows);
        const bool same = renumbered == read;
        CHECK(same);
        CHECK(bad_rows.lost() == again.lost());
        CHECK(bad_rows.lost() > 0);
      }
    }
  }
}

TEST_CASE("Renumbering ends when it is cancelled, and with the sink's first error") {
  DataFolder folder;
  const auto input =
      CsvInput::Open({folder.Write("a.csv", "text,label\na,1\nb,1\nc,1\nd,1\n")}, {{"text"}, "label"}, {}, 1, 4);
  REQUIRE(input.ok());
  v1::Tokenizer config = Config(v1::TOKENIZER_KIND_WORDS, 5, v1::TRUNCATE_BACK);
  const auto tokenizer = MakeTokenizer(config);
  const LabelReader labels(LabelKind::kClass, "");
  BadRows bad_rows(false, 0);
  ProgressTracker tracker(nullptr, nullptr), cancelled(nullptr, [] { return true; });
  const auto numbered = NumberedRows::Create(folder.path(), (*input)->pieces().size(), 2);
  REQUIRE(numbered.ok());
  REQUIRE(SurveyRows(**input, {&labels, tokenizer->get(), nullptr, numbered->get()}, 2, &bad_rows, &tracker).ok());
  const FinalIds ids = {{2, 3, 4, 5}, {0}};
  const auto renumber = [&](ProgressTracker* with, const absl::Status& status) {
    return RenumberRows(**input, **numbered, ids, RowRules(config), LabelKind::kClass, 2, with,
                        [&](const EncodedRows&) { return status; });
  };
  CHECK(renumber(&tracker, absl::OkStatus()).ok());
  CHECK(absl::IsCancelled(renumber(&cancelled, absl::OkStatus())));
  CHECK(absl::IsResourceExhausted(renumber(&tracker, absl::ResourceExhaustedError("full"))));
}

TEST_CASE("A folder that is not there has no room for rows") {
  DataFolder folder;
  CHECK(absl::IsNotFound(NumberedRows::Create(folder / "none", 1, 1).status()));
}

}  // namespace
}  // namespace pumasi
