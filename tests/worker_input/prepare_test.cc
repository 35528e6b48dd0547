#include "worker/input/prepare.h"

#include <zlib.h>

#include <catch2/catch.hpp>

#include "tests/worker_input/prepare_place.h"
#include "worker/input/encode_file.h"
#include "worker/input/text_encoder.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

std::string Error(const Place& place, const v1::Job& job) {
  const absl::Status status = place.Prepare(job).status();
  CHECK(absl::IsInvalidArgument(status));
  return std::string(status.message());
}

TEST_CASE("Rows come out as their text encodes, with labels and a summary that fit") {
  const Place place;
  const v1::Job job = SomeJob();
  const Prepared prepared = place.MustPrepare(job);
  CHECK(prepared.labels == std::vector<std::string>{"0", "1", "2"});
  CHECK(prepared.summary.train_rows() == 5000);
  CHECK(prepared.summary.test_rows() == 700);
  CHECK(prepared.summary.classes() == 3);
  CHECK(prepared.summary.skipped_rows() == 0);
  CHECK(prepared.summary.fingerprint().size() == 32);
  REQUIRE(prepared.train->rows() == 5000);
  REQUIRE(prepared.test->rows() == 700);
  REQUIRE(prepared.assets.size() == 2);

  const std::string folder = std::filesystem::path(prepared.assets[0]).parent_path().string();
  const auto encoder = TextEncoder::Open(job.tokenizer(), folder);
  REQUIRE(encoder.ok());
  CHECK((*encoder)->vocabulary() == prepared.summary.vocabulary());
  TextEncoder::Scratch scratch;
  std::vector<uint32_t> ids, expected;
  std::vector<uint32_t> label;
  for (int i : {0, 1, 2, 4999}) {
    prepared.train->Get(i, &ids, &label);
    const std::string text = "n" + std::to_string(i % 17) + " word" + std::to_string(i * i % 101) + ", \"x" +
                             std::to_string(i % 7) + "\"\nnext line 한국어 " + std::string(i % 5, 'z');
    REQUIRE((*encoder)->Encode(text, &scratch, &expected).ok());
    CHECK(ids == expected);
    CHECK(label == std::vector<uint32_t>{static_cast<uint32_t>(i % 3)});
  }

  // Evaluating the test file anew gives the test rows again.
  const auto labels = OpenLabelEncoder(job, prepared.summary.classes(), folder);
  REQUIRE(labels.ok());
  ProgressTracker tracker(nullptr, nullptr);
  const auto file = EncodeFiles({place.folder / "data/test.csv"}, job.data(), **encoder, *labels, 2, &tracker);
  REQUIRE(file.ok());
  REQUIRE(file->rows->rows() == 700);
  std::vector<uint32_t> expected_label;
  for (int i = 0; i < 700; ++i) {
    file->rows->Get(i, &ids, &label);
    prepared.test->Get(i, &expected, &expected_label);
    REQUIRE(ids == expected);
    REQUIRE(label == expected_label);
  }
}

TEST_CASE("The result is the same for any number of threads, and from one file or several") {
  const Place place;
  v1::Job job = SomeJob();
  for (const v1::TokenizerKind kind :
       {v1::TOKENIZER_KIND_WORDS, v1::TOKENIZER_KIND_CHARACTERS, v1::TOKENIZER_KIND_KERAS}) {
    job.mutable_tokenizer()->set_kind(kind);
    job.mutable_data()->set_train("train.csv");
    std::string fingerprint;
    for (int threads : {1, 2, 3, 8}) {
      place.EmptyCache();
      const Prepared prepared = place.MustPrepare(job, threads);
      if (fingerprint.empty()) fingerprint = prepared.summary.fingerprint();
      CHECK((prepared.summary.fingerprint() == fingerprint));
    }
    const std::string whole = place.folder.Read("data/train.csv");
    const std::string header = "label,name,text\r\n";
    size_t cut = whole.find("\n1,n", whole.size() / 2) + 1;
    place.folder.Write("data/parts/part-0.csv", whole.substr(0, cut));
    place.folder.Write("data/parts/part-1.csv", header + whole.substr(cut));
    job.mutable_data()->set_train("parts");
    CHECK((place.MustPrepare(job).summary.fingerprint() == fingerprint));
  }
}

TEST_CASE("Packed files give the same rows as plain ones") {
  const Place place;
  v1::Job job = SomeJob();
  const std::string fingerprint = place.MustPrepare(job).summary.fingerprint();
  const std::string contents = place.folder.Read("data/train.csv");
  const gzFile packed = gzopen((place.folder / "data/train.csv.gz").c_str(), "wb");
  REQUIRE(gzwrite(packed, contents.data(), static_cast<unsigned>(contents.size())) ==
          static_cast<int>(contents.size()));
  REQUIRE(gzclose(packed) == Z_OK);
  job.mutable_data()->set_train("train.csv.gz");
  CHECK((place.MustPrepare(job).summary.fingerprint() == fingerprint));
}

TEST_CASE("A malformed row fails the job with its place, the first of several") {
  const Place place;
  v1::Job job = SomeJob();
  place.folder.Write("data/train.csv", SomeCsv(3000) + "1,only two\n" + SomeCsv(3).substr(17) + "broken\n");
  CHECK_THAT(Error(place, job), Contains("train.csv:6002: 2 fields, but the header names 3"));
  CHECK(place.Entries().empty());
}

TEST_CASE("Malformed rows are left out and counted where the job says so, up to its limit") {
  const Place place;
  v1::Job job = SomeJob();
  job.mutable_data()->set_on_error(v1::ON_ERROR_SKIP);
  place.folder.Write("data/train.csv", SomeCsv(3000) + "1,only two\n1,a,\xFF\n,a,no label\n" + SomeCsv(3).substr(17));
  place.folder.Write("data/test.csv", SomeCsv(10) + "7,a,a label never seen\nshort\n");
  const Prepared prepared = place.MustPrepare(job);
  CHECK(prepared.summary.train_rows() == 3003);
  CHECK(prepared.summary.test_rows() == 10);
  CHECK(prepared.summary.skipped_rows() == 5);
  job.mutable_data()->set_skip_limit(5);
  CHECK(place.MustPrepare(job).summary.skipped_rows() == 5);
  job.mutable_data()->set_skip_limit(4);
  CHECK_THAT(Error(place, job), Contains("data.skip_limit") && Contains("(4)"));
  job.mutable_data()->set_skip_limit(2);
  CHECK_THAT(Error(place, job), Contains("(2)") && Contains("train.csv:6002: 2 fields"));
}

TEST_CASE("A test label that no training row has is told with its row") {
  const Place place;
  place.folder.Write("data/test.csv", SomeCsv(10) + "7,a,b\n");
  CHECK_THAT(Error(place, SomeJob()), Contains("test.csv:22: column \"label\": the label \"7\""));
}

TEST_CASE("What is wrong with the job's data is told with its key") {
  const Place place;
  const auto error = [&](const std::function<void(v1::Job*)>& change) {
    v1::Job job = SomeJob();
    change(&job);
    return place.Prepare(job).status();
  };
  const auto says = [](const absl::Status& status, const char* what) {
    CAPTURE(status.ToString(), what);
    CHECK(!status.ok());
    CHECK_THAT(status.ToString(), Contains(what));
  };
  says(error([](v1::Job* job) { job->mutable_data()->set_train("none.csv"); }), "data.train: there is no \"none.csv\"");
  says(error([](v1::Job* job) { job->mutable_data()->set_test("no*.csv"); }), "data.test: nothing matches");
  says(error([](v1::Job* job) { job->mutable_data()->set_train("../../x.csv"); }), "data.train");
  says(error([](v1::Job* job) { job->mutable_data()->clear_train(); }), "data.train is missing");
  says(error([](v1::Job* job) { job->mutable_data()->clear_label(); }), "data.label is missing");
  says(error([](v1::Job* job) { job->mutable_data()->clear_text(); }), "data.text names no column");
  says(error([](v1::Job* job) { job->mutable_data()->set_label("lable"); }), "no column \"lable\"");
  says(error([](v1::Job* job) { job->mutable_tokenizer()->clear_kind(); }), "tokenizer.kind");
  says(error([](v1::Job* job) { job->mutable_tokenizer()->set_max_length(0); }), "tokenizer.max_length");
  place.folder.Write("data/train.csv", "label,name,text\n");
  says(error([](v1::Job*) {}), "data.train holds no rows");
}

TEST_CASE("A file outside the data root is refused") {
  const Place place;
  PrepareOptions options = place.Options();
  options.data_root = place.folder / "cache";
  std::filesystem::create_directory(options.data_root);
  CHECK(absl::IsPermissionDenied(PrepareData(SomeJob(), place.folder / "data", options).status()));
}

TEST_CASE("A job without test rows has none") {
  const Place place;
  v1::Job job = SomeJob();
  job.mutable_data()->clear_test();
  for (int i = 0; i < 2; ++i) {
    const Prepared prepared = place.MustPrepare(job);
    CHECK(prepared.test == nullptr);
    CHECK(prepared.summary.test_rows() == 0);
  }
}

TEST_CASE("Synthetic rows need no files, and their fingerprint tells settings and seeds apart") {
  v1::Job job;
  v1::Synthetic* config = job.mutable_data()->mutable_synthetic();
  config->set_rows(100);
  config->set_test_rows(10);
  config->set_words(5);
  config->set_vocabulary(50);
  config->set_classes(4);
  config->set_zipf(1.05);
  job.set_seed(1);
  const auto prepared = PrepareData(job, "", PrepareOptions());
  REQUIRE(prepared.ok());
  CHECK(prepared->summary.vocabulary() == 50);
  CHECK(prepared->summary.classes() == 4);
  CHECK(prepared->train->rows() == 100);
  CHECK(prepared->test->rows() == 10);
  CHECK(prepared->assets.empty());
  job.set_seed(2);
  CHECK((PrepareData(job, "", PrepareOptions())->summary.fingerprint() != prepared->summary.fingerprint()));
}

TEST_CASE("SentencePiece is trained on the training text and encodes all rows") {
  if (!SentencePieceLibrary::Get().ok()) {
    WARN("skipped: " << SentencePieceLibrary::Get().status().ToString());
    return;
  }
  const Place place;
  v1::Job job = SomeJob();
  job.mutable_tokenizer()->set_kind(v1::TOKENIZER_KIND_SENTENCEPIECE);
  job.mutable_tokenizer()->set_vocabulary(150);
  const Prepared prepared = place.MustPrepare(job);
  CHECK(prepared.summary.vocabulary() <= 150);
  CHECK(prepared.summary.train_rows() == 5000);
  CHECK_THAT(prepared.assets.at(0), Contains("sentencepiece.model"));
  place.EmptyCache();
  CHECK((place.MustPrepare(job, 3).summary.fingerprint() == prepared.summary.fingerprint()));
}

}  // namespace
}  // namespace pumasi
