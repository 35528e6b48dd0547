// Preparing rows with several labels, with numbers, and with ids in place of text.
#include <catch2/catch.hpp>
#include <random>

#include "tests/worker_input/plain_csv.h"
#include "tests/worker_input/plain_labels.h"
#include "tests/worker_input/prepare_place.h"
#include "worker/input/encode_file.h"
#include "worker/input/label_kind.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using Words = std::vector<uint32_t>;

constexpr uint32_t kVocabulary = 50;
constexpr size_t kMaxLength = 4;

// Ids in the columns name and text.
v1::Job IdsJob(v1::Loss loss) {
  v1::Job job = SomeJob();
  job.set_loss(loss);
  job.mutable_data()->set_label_separator("|");
  job.mutable_tokenizer()->set_kind(v1::TOKENIZER_KIND_IDS);
  job.mutable_tokenizer()->set_vocabulary(kVocabulary);
  job.mutable_tokenizer()->set_max_length(kMaxLength);
  return job;
}

std::string Error(const Place& place, const v1::Job& job) {
  const absl::Status status = place.Prepare(job).status();
  CHECK(absl::IsInvalidArgument(status));
  return std::string(status.message());
}

void Write(const Place& place, const std::string& train, const std::string& test) {
  place.folder.Write("data/train.csv", "label,name,text\n" + train);
  place.folder.Write("data/test.csv", "label,name,text\n" + test);
}

Words TokensOf(const RowSource& rows, uint64_t row) {
  Words tokens, labels;
  rows.Get(row, &tokens, &labels);
  return tokens;
}

Words LabelsOf(const RowSource& rows, uint64_t row) {
  Words tokens, labels;
  rows.Get(row, &tokens, &labels);
  return labels;
}

TEST_CASE("With binary_cross_entropy a row has any number of labels") {
  const Place place;
  const v1::Job job = IdsJob(v1::LOSS_BINARY_CROSS_ENTROPY);
  Write(place, "red|blue,1,2\n,3,\ngreen,,49\n\"blue|\"\"x\"\"|blue\",5,6 7\n", ",0,0\ngreen|blue,1,1\n");
  for (int i = 0; i < 2; ++i) {  // made, then from the cache
    const Prepared prepared = place.MustPrepare(job);
    CHECK(prepared.labels == std::vector<std::string>{"\"x\"", "blue", "green", "red"});
    CHECK(prepared.summary.classes() == 4);
    CHECK(prepared.summary.vocabulary() == kVocabulary);
    REQUIRE(prepared.train->rows() == 4);
    CHECK(LabelsOf(*prepared.train, 0) == Words{1, 3});
    CHECK(LabelsOf(*prepared.train, 1).empty());
    CHECK(LabelsOf(*prepared.train, 2) == Words{2});
    CHECK(LabelsOf(*prepared.train, 3) == Words{0, 1});
    CHECK(TokensOf(*prepared.train, 1) == Words{3});
    CHECK(TokensOf(*prepared.train, 3) == Words{5, 6, 7});
    REQUIRE(prepared.test->rows() == 2);
    CHECK(LabelsOf(*prepared.test, 0).empty());
    CHECK(LabelsOf(*prepared.test, 1) == Words{1, 2});
    REQUIRE(prepared.assets.size() == 1);
    CHECK_THAT(prepared.assets[0], Contains("labels.txt"));
  }
}

TEST_CASE("With mse a row has numbers, as many as the first, and nothing of a class") {
  const Place place;
  const v1::Job job = IdsJob(v1::LOSS_MSE);
  Write(place, "1.5|-2,1,2\n0|1e-3,3,4\n", "7|8,1,1\n");
  for (int i = 0; i < 2; ++i) {
    const Prepared prepared = place.MustPrepare(job);
    CHECK(prepared.labels.empty());
    CHECK(prepared.assets.empty());
    CHECK(prepared.summary.classes() == 2);
    CHECK(LabelsOf(*prepared.train, 0) == Words{BitsOf(1.5), BitsOf(-2)});
    CHECK(LabelsOf(*prepared.train, 1) == Words{BitsOf(0), BitsOf(1e-3f)});
    CHECK(LabelsOf(*prepared.test, 0) == Words{BitsOf(7), BitsOf(8)});
  }
}

TEST_CASE("Malformed labels and ids are told with file, line, column, what was wrong and what would be right") {
  const Place place;
  const auto error = [&](v1::Loss loss, const std::string& train, const std::string& test) {
    Write(place, train, test);
    return Error(place, IdsJob(loss));
  };
  const v1::Loss one = v1::LOSS_CROSS_ENTROPY, many = v1::LOSS_BINARY_CROSS_ENTROPY, mse = v1::LOSS_MSE;
  CHECK_THAT(error(one, "a,1,2\nb,1,50\n", "a,1,1\n"),
             Contains("train.csv:3: column \"text\": \"50\" is no id; ids are from 0 to 49 "
                      "(tokenizer.vocabulary: 50)"));
  CHECK_THAT(error(one, "a,1,2\nb,1,3\n", "a,x,1\n"),
             Contains("test.csv:2: column \"name\": \"x\" is no whole number; ids are from 0 to 49"));
  CHECK_THAT(error(many, "a,1,2\na||b,1,3\n", "a,1,1\n"),
             Contains("train.csv:3: column \"label\": an empty label in \"a||b\""));
  CHECK_THAT(error(many, "a,1,2\n", "a,1,1\nb|a,1,1\n"),
             Contains("test.csv:3: column \"label\": the label \"b\" is none of the 1 labels"));
  CHECK_THAT(error(many, ",1,2\n", "a,1,1\n"), Contains("no training row has a label") && Contains("\"label\""));
  CHECK_THAT(error(mse, "1,1,2\n1|2,1,2\n", "1,1,1\n"),
             Contains("train.csv:3: column \"label\": 2 numbers, but the first training row has 1"));
  CHECK_THAT(error(mse, "1,1,2\n", "1,1,1\nnan,1,1\n"),
             Contains("test.csv:3: column \"label\": \"nan\" is no finite number"));
  CHECK_THAT(error(mse, "1,1,2\n,1,2\n", "1,1,1\n"), Contains("train.csv:3: the label (column \"label\") is empty"));
  CHECK_THAT(error(mse, "x,1,2\n1,1,2\n", "1,1,1\n"), Contains("train.csv:2: column \"label\": \"x\" is no number"));

  v1::Job job = IdsJob(mse);
  job.mutable_data()->clear_label_separator();
  CHECK_THAT(Error(place, job), Contains("data.label_separator is empty"));
  job.mutable_data()->mutable_synthetic()->set_rows(10);
  CHECK_THAT(Error(place, job), Contains("loss has to be cross_entropy"));
}

TEST_CASE("The same files under another loss, separator or kind of tokens are other data") {
  const Place place;
  Write(place, "1|2,1,2\n3|4,5,6\n", "1|2,1,1\n");
  std::set<std::string> fingerprints;
  v1::Job job = IdsJob(v1::LOSS_CROSS_ENTROPY);
  fingerprints.insert(place.MustPrepare(job).summary.fingerprint());
  // What stands between labels is nothing to a job that has one a row.
  job.mutable_data()->set_label_separator(";");
  fingerprints.insert(place.MustPrepare(job).summary.fingerprint());
  CHECK(place.Entries().size() == 1);
  CHECK(fingerprints.size() == 1);
  job.mutable_tokenizer()->set_kind(v1::TOKENIZER_KIND_WORDS);
  fingerprints.insert(place.MustPrepare(job).summary.fingerprint());
  job = IdsJob(v1::LOSS_BINARY_CROSS_ENTROPY);
  fingerprints.insert(place.MustPrepare(job).summary.fingerprint());
  job.set_loss(v1::LOSS_MSE);
  CHECK(place.MustPrepare(job).summary.classes() == 2);
  fingerprints.insert(place.MustPrepare(job).summary.fingerprint());
  job.mutable_data()->set_label_separator(";");
  CHECK_THAT(Error(place, job), Contains("\"1|2\" is no number"));
  CHECK(fingerprints.size() == 4);
  CHECK(place.Entries().size() == 4);
}

TEST_CASE("A damaged entry of rows with several labels is made anew") {
  const Place place;
  const v1::Job job = IdsJob(v1::LOSS_BINARY_CROSS_ENTROPY);
  Write(place, "a|b,1,2\n,3,\n", "a,0,0\n");
  const std::string fingerprint = place.MustPrepare(job).summary.fingerprint();
  REQUIRE(place.Entries().size() == 1);
  const std::string file = place.Entries()[0] + "/train.rows";
  const auto size = std::filesystem::file_size(file);
  std::filesystem::resize_file(file, size - 8);  // the last offset of the labels
  CHECK((place.MustPrepare(job).summary.fingerprint() == fingerprint));
  CHECK(std::filesystem::file_size(file) == size);
}

// One random CSV of rows that are sound, malformed by their labels, or by their ids.
struct RandomCsv {
  std::string text = "name,label,text\n";
  void Add(std::mt19937_64& random, v1::Loss loss) {
    const auto pick = [&](std::initializer_list<const char*> list) { return list.begin()[random() % list.size()]; };
    std::string label;
    for (size_t n = random() % 4, i = 0; i < n; ++i) {
      if (i > 0) label += "|";
      label += loss == v1::LOSS_MSE ? pick({"1", "-0.5", "2e3", "7.25", "1e-9", "0"})
                                    : pick({"a", "b", "c", "한국", "\"\"q\"\"", "d,e"});
    }
    if (random() % 20 == 0) label += pick({"|", "nan", "|x", "||a"});
    const auto ids = [&] {
      std::string list;
      for (size_t n = random() % 5; n > 0; --n)
        list += std::to_string(random() % kVocabulary) + pick({" ", "  ", "\n"});
      if (random() % 25 == 0) list += pick({"50", "x", "-1", "1.0"});
      return list;
    };
    text += "\"" + ids() + "\",\"" + label + "\",\"" + ids() + "\"\n";
  }
};

TEST_CASE("Random files come out as the plain way reads them, for any number of threads") {
  for (const v1::Loss loss : {v1::LOSS_CROSS_ENTROPY, v1::LOSS_BINARY_CROSS_ENTROPY, v1::LOSS_MSE}) {
    for (uint64_t seed = 1; seed <= 6; ++seed) {
      CAPTURE(v1::Loss_Name(loss), seed);
      std::mt19937_64 random(seed);
      RandomCsv csv;
      for (int i = 0; i < 400; ++i) csv.Add(random, loss);
      const Place place;
      place.folder.Write("data/train.csv", csv.text);
      v1::Job job = IdsJob(loss);
      job.mutable_data()->clear_test();
      job.mutable_data()->set_on_error(v1::ON_ERROR_SKIP);

      struct Row {
        Words tokens;
        std::set<std::string> names;
        std::vector<float> numbers;
      };
      std::vector<Row> rows;
      std::set<std::string> all_names;
      uint64_t malformed = 0, count = 0;
      const std::vector<PlainRecord> records = ParsePlainCsv(csv.text);
      for (size_t i = 1; i < records.size(); ++i) {
        const std::vector<std::string>& fields = records[i].fields;
        Row row;
        bool sound = fields.size() == 3;
        if (loss == v1::LOSS_MSE) {
          const auto numbers = PlainNumbers(fields[1], "|");
          if (numbers.has_value() && count == 0) count = numbers->size();
          sound = sound && numbers.has_value() && numbers->size() == count;
          if (sound) row.numbers = *numbers;
        } else if (loss == v1::LOSS_CROSS_ENTROPY) {
          sound = sound && !fields[1].empty();
          row.names = {fields[1]};
        } else {
          const auto names = PlainNames(fields[1], "|");
          sound = sound && names.has_value();
          if (sound) row.names = *names;
        }
        auto ids = PlainIds(fields[0] + " " + fields[2], kVocabulary);
        if (!sound || !ids.has_value()) {
          ++malformed;
          continue;
        }
        if (ids->size() > kMaxLength) ids->resize(kMaxLength);
        row.tokens = *ids;
        all_names.insert(row.names.begin(), row.names.end());
        rows.push_back(row);
      }

      std::string fingerprint;
      for (const int threads : {1, 3}) {
        place.EmptyCache();
        const Prepared prepared = place.MustPrepare(job, threads);
        if (threads == 1) fingerprint = prepared.summary.fingerprint();
        CHECK((prepared.summary.fingerprint() == fingerprint));
        CHECK(prepared.summary.skipped_rows() == malformed);
        CHECK(prepared.summary.classes() == (loss == v1::LOSS_MSE ? count : all_names.size()));
        CHECK(std::set<std::string>(prepared.labels.begin(), prepared.labels.end()) == all_names);
        REQUIRE(prepared.train->rows() == rows.size());
        for (size_t i = 0; i < rows.size(); ++i) {
          CAPTURE(i);
          REQUIRE(TokensOf(*prepared.train, i) == rows[i].tokens);
          const Words labels = LabelsOf(*prepared.train, i);
          REQUIRE(std::is_sorted(labels.begin(), labels.end(), std::less_equal<>()) | (loss == v1::LOSS_MSE));
          if (loss == v1::LOSS_MSE) {
            Words bits;
            for (const float number : rows[i].numbers) bits.push_back(BitsOf(number));
            REQUIRE(labels == bits);
          } else {
            std::set<std::string> names;
            for (const uint32_t label : labels) names.insert(prepared.labels.at(label));
            REQUIRE(names == rows[i].names);
          }
        }
        // What evaluate reads of the same file is the same.
        if (prepared.assets.empty() && loss != v1::LOSS_MSE) FAIL("no labels.txt");
        const std::string folder =
            prepared.assets.empty() ? "" : std::filesystem::path(prepared.assets[0]).parent_path().string();
        const auto encoder = TextEncoder::Open(job.tokenizer(), folder);
        const auto labels = OpenLabelEncoder(job, prepared.summary.classes(), folder);
        REQUIRE(encoder.ok());
        REQUIRE(labels.ok());
        ProgressTracker tracker(nullptr, nullptr);
        const auto file =
            EncodeFiles({place.folder / "data/train.csv"}, job.data(), **encoder, *labels, threads, &tracker);
        REQUIRE(file.ok());
        CHECK(file->skipped_rows == malformed);
        REQUIRE(file->rows->rows() == rows.size());
        for (size_t i = 0; i < rows.size(); ++i) {
          REQUIRE(TokensOf(*file->rows, i) == TokensOf(*prepared.train, i));
          REQUIRE(LabelsOf(*file->rows, i) == LabelsOf(*prepared.train, i));
        }
      }
    }
  }
}

}  // namespace
}  // namespace pumasi
