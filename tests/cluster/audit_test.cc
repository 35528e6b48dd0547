// Every gradient exactly once: a job that only counts, disturbed in every way that costs no parameters, and in one that
// does; afterwards each row holds how often its id occurs in the data, times the epochs, and the audit says the same.
#include <signal.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/checkpoint/model_folder.h"
#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/program.h"
#include "tests/common/temp_folder.h"
#include "worker/input/synthetic.h"

namespace pumasi {
namespace {

constexpr uint64_t kRows = 4000, kEpochs = 3, kBatch = 20, kParts = 4;
constexpr uint32_t kWords = 5, kVocabulary = 300;

v1::Synthetic Data() {
  v1::Synthetic data;
  data.set_rows(kRows);
  data.set_test_rows(0);
  data.set_words(kWords);
  data.set_vocabulary(kVocabulary);
  data.set_classes(3);
  data.set_zipf(1.05);
  return data;
}

void WriteJob(const std::string& folder, const std::string& extra) {
  std::ofstream(folder + "/job.yaml") << "name: count\n"
                                         "data:\n"
                                         "  synthetic: {rows: "
                                      << kRows << ", words: " << kWords << ", vocabulary: " << kVocabulary
                                      << ", classes: 3, zipf: 1.05}\n"
                                         "model:\n"
                                         "  - embedding: {width: 3}\n"
                                         "  - lstm: {units: 4}\n"
                                         "  - dense: {activation: softmax}\n"
                                         "optimizer: {count: {}}\n"
                                         "batch: "
                                      << kBatch << "\nmicro_batches: " << kParts << "\nepochs: " << kEpochs << "\n"
                                      << extra;
}

// Compares the whole model with counts made by one loop over the data.
void CheckCounts(const std::string& model_folder) {
  std::map<uint64_t, uint64_t> occurrences;
  auto sources = SyntheticRows::Make(Data(), 1);
  REQUIRE(sources.ok());
  std::vector<uint32_t> tokens, labels;
  for (uint64_t row = 0; row < kRows; ++row) {
    sources->train->Get(row, &tokens, &labels);
    for (const uint32_t token : tokens) ++occurrences[token];
  }
  auto model = ModelFolder::Open(RealFiles(), model_folder);
  REQUIRE(model.ok());
  const v1::Manifest& manifest = (*model)->manifest();
  for (int table = 0; table < manifest.tables_size(); ++table) {
    const v1::TableSpec& spec = manifest.tables(table);
    CAPTURE(spec.name());
    if (spec.kind() == v1::TableSpec::DENSE) {
      auto values = (*model)->DenseValues(table);
      REQUIRE(values.ok());
      const float parts = kRows / kBatch * kParts * kEpochs;
      for (const float value : *values) REQUIRE(value == parts);
      continue;
    }
    auto rows = (*model)->AllRows(table);
    REQUIRE(rows.ok());
    CHECK(rows->size() == occurrences.size());
    for (const ModelFolder::Row& row : *rows) {
      std::vector<float> value(spec.columns());
      std::memcpy(value.data(), row.state, value.size() * sizeof(float));
      CAPTURE(row.id);
      for (const float x : value) REQUIRE(x == float(occurrences[row.id] * kEpochs));
    }
  }
}

// `pumasi audit` agrees: applied = issued.
void CheckAudit(const JobOnCluster& job, const std::string& scheduler) {
  const ProgramResult run = Pumasi({"audit", job.job_id(), "--json", "--scheduler", scheduler});
  INFO(run.output << run.errors);
  REQUIRE(run.code == 0);
  const auto audit = nlohmann::json::parse(run.output);
  CHECK(audit["parts"] == kRows / kBatch * kParts * kEpochs);
  CHECK(audit["done"] == audit["parts"]);
  CHECK(audit["samples"] == kRows * kEpochs);
  CHECK(audit["samples"] == audit["expected_samples"]);
}

// Restarts one after another, `first` batches after the start and then each `every` later, as long as the job trains.
// `whole`: not before all copies are.
void RestartInTurn(JobOnCluster& job, const std::vector<std::string>& victims, uint64_t first, uint64_t every,
                   bool whole) {
  uint64_t batch = first;
  for (const std::string& victim : victims) {
    if (job.WaitForBatch(batch).state() >= v1::DONE) return;
    if (whole) job.WaitForCopies();
    REQUIRE(job.Restart(victim).ok());
    batch += every;
  }
}

// It ends, with everything counted once. How often it went back to a checkpoint.
uint64_t CheckEnd(JobOnCluster& job) {
  const v1::JobStatus status = job.WaitForEnd();
  INFO(status.ShortDebugString());
  REQUIRE(status.state() == v1::DONE);
  CheckCounts(status.model());
  CheckAudit(job, job.cluster().scheduler_address());
  return status.generation();
}

}  // namespace

TEST_CASE("two copies: workers, servers and the scheduler die, and everything counts once") {
  TempFolder folder;
  WriteJob(folder.path(), "replicas: 2\ncheckpoint: {every_batches: 40}\n");
  JobOnCluster job(folder, 3, 3);
  job.Submit();
  RestartInTurn(job, {"worker-0", "server-1", "scheduler", "worker-2", "server-0", "scheduler", "server-2", "worker-1"},
                30, 60, true);
  CHECK(CheckEnd(job) == 0);
}

TEST_CASE("parameters that may lack updates: workers and the scheduler die, and everything counts once") {
  for (const std::string consistency : {"async", "{bounded: {staleness: 3}}"}) {
    CAPTURE(consistency);
    TempFolder folder;
    WriteJob(folder.path(), "consistency: " + consistency + "\ncheckpoint: {every_batches: 40}\n");
    JobOnCluster job(folder, 2, 3);
    job.Submit();
    RestartInTurn(job, {"worker-0", "worker-2", "scheduler", "worker-1"}, 30, 100, false);
    CHECK(CheckEnd(job) == 0);
  }
}

// Counts are integers, whose sums are the same in any order.
TEST_CASE("a ring: members die, leave and join, and everything counts once") {
  for (const std::string rows : {"gather", "dense"}) {
    CAPTURE(rows);
    TempFolder folder;
    WriteJob(folder.path(), "mode: allreduce\nallreduce: {state: replicated, reduction: ring, rows: " + rows + "}\n");
    JobOnCluster job(folder, 0, 3);
    job.Submit();
    RestartInTurn(job, {"worker-0", "worker-2", "scheduler", "worker-1"}, 20, 80, true);
    CHECK(CheckEnd(job) == 0);
  }
}

TEST_CASE("what may lack updates: who holds parameters dies, and the job goes on from a checkpoint that is a cut") {
  for (const auto& [extra, second] : {std::pair<std::string, std::string>("consistency: async\n", "server-1"),
                                      {"consistency: async\nmode: hybrid\n", "worker-1"},
                                      {"consistency: {bounded: {staleness: 3}}\nmode: hybrid\n", "worker-0"}}) {
    CAPTURE(extra);
    TempFolder folder;
    WriteJob(folder.path(), extra + "checkpoint: {every_batches: 40, full_every: 3}\n");
    JobOnCluster job(folder, 2, 2);
    job.Submit();
    job.WaitForBatch(60);
    REQUIRE(job.Restart("server-1").ok());
    job.WaitForBatch(300);
    REQUIRE(job.Restart(second).ok());
    CheckEnd(job);
  }
}

TEST_CASE("one copy: batches that a return to the checkpoint undid count once in the end") {
  TempFolder folder;
  WriteJob(folder.path(), "checkpoint: {every_batches: 40, full_every: 3}\n");
  JobOnCluster job(folder, 2, 2);
  job.Submit();
  for (const uint64_t batch : {60, 210, 400}) {
    job.WaitForBatch(batch);
    REQUIRE(job.Restart(batch == 210 ? "server-0" : "server-1").ok());
  }
  CheckEnd(job);
}

}  // namespace pumasi
