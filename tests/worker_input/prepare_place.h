// A job, its data and a cache, for tests of preparing data.
#ifndef PUMASI_TESTS_WORKER_INPUT_PREPARE_PLACE_H_
#define PUMASI_TESTS_WORKER_INPUT_PREPARE_PLACE_H_

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tests/worker_input/data_folder.h"
#include "worker/input/prepare.h"

namespace pumasi {

inline v1::Job SomeJob() {
  v1::Job job;
  job.set_name("some");
  job.set_seed(1);
  v1::Data* data = job.mutable_data();
  data->set_train("train.csv");
  data->set_test("test.csv");
  data->set_format(v1::FORMAT_CSV);
  data->add_text("name");
  data->add_text("text");
  data->set_label("label");
  data->set_on_error(v1::ON_ERROR_FAIL);
  data->set_skip_limit(1000);
  v1::Tokenizer* tokenizer = job.mutable_tokenizer();
  tokenizer->set_kind(v1::TOKENIZER_KIND_WORDS);
  tokenizer->set_lower(true);
  tokenizer->set_vocabulary(1000);
  tokenizer->set_max_length(12);
  tokenizer->set_truncate(v1::TRUNCATE_BACK);
  return job;
}

inline std::string SomeCsv(int rows, int first = 0) {
  std::string csv = "label,name,text\r\n";
  for (int i = first; i < first + rows; ++i) {
    csv += std::to_string(i % 3) + ",n" + std::to_string(i % 17) + ",\"word" + std::to_string(i * i % 101) + ", \"\"x" +
           std::to_string(i % 7) + "\"\"\nnext line 한국어 " + std::string(i % 5, 'z') + "\"\n";
  }
  return csv;
}

// A folder with data and a cache.
struct Place {
  Place() {
    folder.Write("data/train.csv", SomeCsv(5000));
    folder.Write("data/test.csv", SomeCsv(700, 5000));
  }
  PrepareOptions Options(int threads = 2) const {
    PrepareOptions options;
    options.data_root = folder.path();
    options.cache_folder = folder / "cache";
    options.threads = threads;
    options.who = "a test";
    options.patience = absl::Seconds(120);
    return options;
  }
  absl::StatusOr<Prepared> Prepare(const v1::Job& job, int threads = 2) const {
    return PrepareData(job, folder / "data", Options(threads));
  }
  Prepared MustPrepare(const v1::Job& job, int threads = 2) const {
    auto prepared = Prepare(job, threads);
    INFO(prepared.status().ToString());
    REQUIRE(prepared.ok());
    return *std::move(prepared);
  }
  void EmptyCache() const { std::filesystem::remove_all(folder / "cache"); }
  // The entries in the cache.
  std::vector<std::string> Entries() const {
    std::vector<std::string> entries;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "cache")) {
      if (entry.is_directory() && entry.path().filename() != "digests") entries.push_back(entry.path().string());
    }
    return entries;
  }

  DataFolder folder;
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_WORKER_INPUT_PREPARE_PLACE_H_
