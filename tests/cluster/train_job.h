// `pumasi train` of the job in a folder, to compare what ways of training come to.
#ifndef PUMASI_TESTS_CLUSTER_TRAIN_JOB_H_
#define PUMASI_TESTS_CLUSTER_TRAIN_JOB_H_

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cluster/program.h"
#include "tests/common/temp_folder.h"

namespace pumasi {

using Arguments = std::vector<std::string>;

// For --set: a model whose batches have statistics that move.
inline constexpr char kModelWithStatistics[] =
    "model=[{embedding: {width: 12}}, {batch_normalization: {momentum: 0.9}}, {lstm: {units: 10}}, "
    "{dense: {activation: softmax}}]";

// Of job.yaml, into the folder `output` in it, with more arguments; what --json printed. Fails the test if it fails.
inline nlohmann::json Train(const TempFolder& folder, const std::string& output, const Arguments& more) {
  Arguments arguments = {"train",         folder / "job.yaml", "--json",        "--output",
                         folder / output, "--cache",           folder / "cache"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const ProgramResult result = Pumasi(arguments);
  INFO(result.errors);
  INFO(result.output);
  REQUIRE(result.code == 0);
  return nlohmann::json::parse(result.output);
}

// Two results of it are of the same parameters, and were measured alike.
inline void CheckSame(const nlohmann::json& one, const nlohmann::json& other) {
  CHECK(one["parameters_sha256"] == other["parameters_sha256"]);
  CHECK(one["loss"] == other["loss"]);
  CHECK(one["test"] == other["test"]);
  CHECK(one["samples"] == other["samples"]);
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_CLUSTER_TRAIN_JOB_H_
