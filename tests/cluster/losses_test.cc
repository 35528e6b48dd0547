// Rows with several labels, with numbers, and with ids instead of text: trained, evaluated and predicted as users do
// it.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <sstream>
#include <string>

#include "tests/cluster/program.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

// Rows of ids below 30. Labels: "low" with an id below 10, "high" with one from 20 on, none otherwise. Numbers: the
// share of ids from 15 on, and its opposite.
void WriteRows(const std::string& path, int rows, bool numbers, unsigned seed) {
  std::ofstream file(path);
  std::minstd_rand random(seed);
  file << "ids,label\n";
  for (int row = 0; row < rows; ++row) {
    const unsigned count = 1 + random() % 6, from = random() % 3 * 10, to = from + 10 + random() % (21 - from);
    bool low = false, high = false;
    double share = 0;
    for (unsigned i = 0; i < count; ++i) {
      const unsigned id = from + random() % (to - from);
      file << (i > 0 ? " " : "") << id;
      low |= id < 10;
      high |= id >= 20;
      share += (id >= 15 ? 1.0 : 0.0) / count;
    }
    if (numbers) {
      file << "," << share << "|" << 1 - share << "\n";
    } else {
      file << "," << (high ? "high" : "") << (high && low ? "|" : "") << (low ? "low" : "") << "\n";
    }
  }
}

void WriteJob(const TempFolder& folder, const std::string& loss, const std::string& activation) {
  WriteRows(folder / "train.csv", 2000, loss == "mse", 1);
  WriteRows(folder / "test.csv", 300, loss == "mse", 2);
  std::ofstream job(folder / "job.yaml");
  job << "name: small\n"
         "data: {train: train.csv, test: test.csv, text: ids, label: label}\n"
         "tokenizer: {kind: ids, vocabulary: 30, max_length: 8}\n"
         "model:\n"
         "  - embedding: {width: 12}\n"
         "  - concatenate: {branches: [{layers: [{global_max_pooling1d: {}}]}, {layers: [{global_average_pooling1d: "
         "{}}]}]}\n"
         "  - dense: {units: 12, activation: relu}\n"
         "  - dense: {activation: "
      << activation << "}\nloss: " << loss << "\noptimizer: {adam: {learning_rate: 0.01}}\nbatch: 32\nepochs: 5\n";
}

json Train(const TempFolder& folder, const std::string& servers, const std::string& workers) {
  const ProgramResult result = Pumasi({"train", folder / "job.yaml", "--json", "--output", folder / "out", "--cache",
                                       folder / "cache", "--servers", servers, "--workers", workers});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  return json::parse(result.output);
}

json Evaluate(const TempFolder& folder) {
  const ProgramResult result = Pumasi({"evaluate", folder / "out/model", "--data", folder / "test.csv", "--json"});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  return json::parse(result.output);
}

}  // namespace

TEST_CASE("any number of labels a row: the same bits from other clusters, and evaluate and predict agree") {
  TempFolder folder;
  WriteJob(folder, "binary_cross_entropy", "sigmoid");
  const json first = Train(folder, "1", "1"), other = Train(folder, "3", "2");
  CHECK(other["parameters_sha256"] == first["parameters_sha256"]);
  CHECK(other["test"] == first["test"]);
  CHECK(first["test"]["exact_match"] > 0.9);
  CHECK(first["test"]["macro_f1"] > 0.9);
  const json evaluated = Evaluate(folder);
  CHECK(evaluated["exact_match"] == first["test"]["exact_match"]);
  CHECK(evaluated["macro_f1"] == first["test"]["macro_f1"]);

  const ProgramResult result = Pumasi({"predict", folder / "out/model", "--json"}, "1 2 3\n25 26\n3 27\n15 16\n");
  INFO(result.errors);
  REQUIRE(result.code == 0);
  std::istringstream lines(result.output);
  std::vector<size_t> counts;
  for (std::string line; std::getline(lines, line);) counts.push_back(json::parse(line)["labels"].size());
  CHECK(counts == std::vector<size_t>{1, 1, 2, 0});
}

TEST_CASE("numbers: the same bits from other clusters, and evaluate agrees") {
  TempFolder folder;
  WriteJob(folder, "mse", "linear");
  const json first = Train(folder, "1", "2"), other = Train(folder, "2", "3");
  CHECK(other["parameters_sha256"] == first["parameters_sha256"]);
  CHECK(first["test"]["rmse"] < 0.15);
  CHECK_FALSE(first["test"].contains("accuracy"));
  CHECK(Evaluate(folder)["rmse"].get<double>() == Approx(first["test"]["rmse"].get<double>()).epsilon(1e-9));
}

TEST_CASE("an id out of range is refused with its line, in training and in prediction") {
  TempFolder folder;
  WriteJob(folder, "mse", "linear");
  std::ofstream(folder / "train.csv", std::ios::app) << "4 30 2,1|0\n";
  ProgramResult result =
      Pumasi({"train", folder / "job.yaml", "--output", folder / "out", "--cache", folder / "cache"});
  CHECK(result.code != 0);
  CHECK_THAT(result.errors + result.output, Contains("train.csv:2002") && Contains("30") && Contains("0 to 29"));

  WriteJob(folder, "mse", "linear");
  Train(folder, "1", "1");
  result = Pumasi({"predict", folder / "out/model"}, "1 2\n1 99\n");
  CHECK(result.code != 0);
  CHECK_THAT(result.errors, Contains("2") && Contains("99"));
}

TEST_CASE("a model and a loss that do not fit are refused before anything starts") {
  TempFolder folder;
  WriteJob(folder, "binary_cross_entropy", "softmax");
  const ProgramResult result = Pumasi({"train", folder / "job.yaml", "--output", folder / "out"});
  CHECK(result.code == 2);
  CHECK_THAT(result.errors, Contains("job.yaml") && Contains("sigmoid"));
}

}  // namespace pumasi
