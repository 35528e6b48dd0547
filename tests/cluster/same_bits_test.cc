// The promise that everything else rests on: a synchronous job's parameters do not depend on how many workers or
// servers ran it, nor on what died meanwhile.
#include <signal.h>
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/cluster/some_checkpoint.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

nlohmann::json Train(const TempFolder& folder, int servers, int workers, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {
      "train",         folder / "job.yaml",     "--json",   "--servers",    std::to_string(servers),
      "--workers",     std::to_string(workers), "--output", folder / "out", "--cache",
      folder / "cache"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const ProgramResult result = Pumasi(arguments);
  INFO(result.errors);
  INFO(result.output);
  REQUIRE(result.code == 0);
  return nlohmann::json::parse(result.output);
}

}  // namespace

TEST_CASE("1, 2 and 4 workers and 1, 2 and 3 servers train the same bits") {
  TempFolder folder;
  WriteSmallJob(folder.path());
  const auto first = Train(folder, 1, 1);
  REQUIRE(first["parameters_sha256"].get<std::string>().size() == 64);
  REQUIRE(first["samples"] == 2000);
  REQUIRE(first["test"]["accuracy"] > 0.9);
  for (const auto& [servers, workers] : {std::pair(1, 2), {2, 4}, {3, 2}, {2, 1}}) {
    CAPTURE(servers, workers);
    const auto other = Train(folder, servers, workers);
    CHECK(other["parameters_sha256"] == first["parameters_sha256"]);
    CHECK(other["loss"] == first["loss"]);
    CHECK(other["test"] == first["test"]);
    CHECK(other["first_losses"] == first["first_losses"]);
  }
}

TEST_CASE("workers with 1, 2 and 4 devices train the same bits as several workers") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  for (const std::string wire : {"float32", "bf16"}) {
    const std::string set = "wire=" + wire;
    const auto first = Train(folder, 2, 1, {"--set", set});
    for (const auto& [workers, devices] : {std::pair(1, 2), {1, 4}, {2, 1}, {2, 3}}) {
      CAPTURE(wire, workers, devices);
      const auto other = Train(folder, 2, workers, {"--set", set, "--devices", std::to_string(devices)});
      CHECK(other["parameters_sha256"] == first["parameters_sha256"]);
      CHECK(other["loss"] == first["loss"]);
      CHECK(other["test"] == first["test"]);
      CHECK(other["first_losses"] == first["first_losses"]);
    }
  }
}

TEST_CASE("dropout, a deeper network and a decaying rate keep the promise, too") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const std::vector<std::string> deep = {
      "--set",
      "model=[{embedding: {width: 12}}, {spatial_dropout1d: {rate: 0.2}}, "
      "{gru: {units: 10, bidirectional: concat, return_sequences: true, recurrent_dropout: 0.1}}, {attention: {units: "
      "6}}, "
      "{dropout: {rate: 0.3}}, {dense: {activation: softmax}}]",
      "--set",
      "optimizer={adamw: {learning_rate: 0.01}, schedule: {warmup: 5, cosine: {batches: 40}}, clip: {value: 0.5}}"};
  const auto first = Train(folder, 1, 1, deep);
  CHECK(first["test"]["accuracy"] > 0.8);
  for (const auto& [servers, workers] : {std::pair(2, 3), {3, 2}}) {
    CAPTURE(servers, workers);
    const auto other = Train(folder, servers, workers, deep);
    CHECK(other["parameters_sha256"] == first["parameters_sha256"]);
    CHECK(other["loss"] == first["loss"]);
    CHECK(other["test"] == first["test"]);
  }
}

TEST_CASE("norms over all servers, running statistics and a rate that follows the test loss keep the promise, too") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 6);
  std::vector<std::string> arguments = {
      "--set",
      "model=[{embedding: {width: 12}}, {batch_normalization: {momentum: 0.9}}, {lstm: {units: 10}}, "
      "{batch_normalization: {}}, {dense: {activation: softmax}}]",
      // A loss has to fall by a whole unit to count as better: the rate falls after each epoch but the first.
      "--set",
      "optimizer={adam: {learning_rate: 0.01}, clip: {global_norm: 0.1}, "
      "schedule: {reduce_on_plateau: {factor: 0.5, patience: 1, min_delta: 1}}}",
      "--set", "checkpoint={every_batches: 8, keep: 20}"};
  const auto first = Train(folder, 1, 1, arguments);
  CHECK(first["test"]["accuracy"] > 0.8);
  REQUIRE(first["rate_changes"].size() >= 3);
  for (const auto& [servers, workers] : {std::pair(2, 3), {3, 2}}) {
    CAPTURE(servers, workers);
    const auto other = Train(folder, servers, workers, arguments);
    CHECK(other["parameters_sha256"] == first["parameters_sha256"]);
    CHECK(other["loss"] == first["loss"]);
    CHECK(other["test"] == first["test"]);
    CHECK(other["rate_changes"] == first["rate_changes"]);
  }
  // 16 batches an epoch: one checkpoint in the middle of an epoch, and one at an epoch's end. After three epochs the
  // rate has changed.
  for (const uint64_t batch : {8, 0}) {
    const auto wanted = [&](uint64_t version) { return version >= 40 && version % 16 == batch; };
    const std::string checkpoint = SomeCheckpoint(folder / "out", wanted);
    CAPTURE(checkpoint);
    auto resume = arguments;
    resume.insert(resume.end(), {"--resume", checkpoint});
    const auto resumed = Train(folder, 2, 1, resume);
    CHECK(resumed["parameters_sha256"] == first["parameters_sha256"]);
  }
}

TEST_CASE("AVX2 and AVX-512 train the same bits, whichever a machine has") {
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("fma")) {
    WARN("skipped: this machine has no AVX-512");
    return;
  }
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const auto wide = Train(folder, 1, 1);
  setenv("PUMASI_INSTRUCTION_SET", "avx2", 1);
  const auto narrow = Train(folder, 2, 2);
  unsetenv("PUMASI_INSTRUCTION_SET");
  CHECK(narrow["parameters_sha256"] == wide["parameters_sha256"]);
  CHECK(narrow["first_losses"] == wide["first_losses"]);
}

TEST_CASE("values of 16 bits on the wire keep the promise, learn as well and take half the bytes") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 3);
  const auto wide = Train(folder, 1, 1);
  const std::vector<std::string> arguments = {"--set", "wire=bf16", "--set", "checkpoint={every_batches: 40, keep: 5}"};
  const auto first = Train(folder, 1, 1, arguments);
  CHECK(first["parameters_sha256"] != wide["parameters_sha256"]);
  for (const char* bytes : {"bytes_pulled", "bytes_pushed"}) {
    CHECK(first[bytes].get<double>() < 0.6 * wide[bytes].get<double>());
  }
  CHECK(first["test"]["accuracy"] > 0.9);
  CHECK(std::fabs(first["test"]["accuracy"].get<double>() - wide["test"]["accuracy"].get<double>()) < 0.03);
  for (const auto& [servers, workers] : {std::pair(2, 3), {3, 1}, {1, 2}}) {
    CAPTURE(servers, workers);
    const auto other = Train(folder, servers, workers, arguments);
    CHECK(other["parameters_sha256"] == first["parameters_sha256"]);
    CHECK(other["loss"] == first["loss"]);
    CHECK(other["test"] == first["test"]);
    CHECK(other["first_losses"] == first["first_losses"]);
  }
  auto resume = arguments;
  resume.insert(resume.end(), {"--resume", SomeCheckpoint(folder / "out")});
  CHECK(Train(folder, 2, 2, resume)["parameters_sha256"] == first["parameters_sha256"]);
  // Two copies of each slot.
  CHECK(Train(folder, 3, 2, {"--set", "wire=bf16", "--set", "replicas=2"})["parameters_sha256"] ==
        first["parameters_sha256"]);
}

TEST_CASE("binary16 on the wire keeps the promise, too, and learns as well") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 3);
  const auto wide = Train(folder, 1, 1);
  const std::vector<std::string> arguments = {"--set", "wire=fp16"};
  const auto first = Train(folder, 1, 1, arguments);
  CHECK(first["parameters_sha256"] != wide["parameters_sha256"]);
  CHECK(first["reproducible"] == true);
  for (const char* bytes : {"bytes_pulled", "bytes_pushed"}) {
    CHECK(first[bytes].get<double>() < 0.65 * wide[bytes].get<double>());
  }
  CHECK(std::fabs(first["test"]["accuracy"].get<double>() - wide["test"]["accuracy"].get<double>()) < 0.03);
  for (const auto& [servers, workers] : {std::pair(2, 3), {3, 1}}) {
    CAPTURE(servers, workers);
    const auto other = Train(folder, servers, workers, arguments);
    CHECK(other["parameters_sha256"] == first["parameters_sha256"]);
    CHECK(other["test"] == first["test"]);
  }
  CHECK(Train(folder, 3, 2, {"--set", "wire=fp16", "--set", "replicas=2"})["parameters_sha256"] ==
        first["parameters_sha256"]);
}

TEST_CASE("a bit a value, or the largest ones: no promise, but the same accuracy out of fewer bytes") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 5);
  // Dense tensors are most of what is pushed.
  const std::string model = "model=[{embedding: {width: 4}}, {lstm: {units: 32}}, {dense: {activation: softmax}}]";
  const auto wide = Train(folder, 1, 2, {"--set", model});
  CHECK(wide["reproducible"] == true);
  for (const std::string wire : {"onebit", "topk"}) {
    CAPTURE(wire);
    const std::string fraction = wire == "topk" ? "wire_fraction=0.1" : "wire_fraction=0.01";
    const auto small = Train(folder, 2, 2, {"--set", model, "--set", "wire=" + wire, "--set", fraction});
    CHECK(small["reproducible"] == false);
    CHECK(small["samples"] == wide["samples"]);
    CHECK(small["bytes_pushed"].get<double>() < 0.5 * wide["bytes_pushed"].get<double>());
    CHECK(std::fabs(small["test"]["accuracy"].get<double>() - wide["test"]["accuracy"].get<double>()) < 0.05);
  }
}

TEST_CASE("another seed, another number of parts or another batch gives other bits") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 300, 1);
  const auto first = Train(folder, 1, 1);
  for (const std::string change : {"seed=2", "micro_batches=2", "batch=16", "wire=bf16"}) {
    CAPTURE(change);
    CHECK(Train(folder, 1, 1, {"--set", change})["parameters_sha256"] != first["parameters_sha256"]);
  }
}

TEST_CASE("a worker killed in the middle changes nothing, and one that joins neither") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 30);
  const auto undisturbed = Train(folder, 2, 1);

  JobOnCluster job(folder, 2, 3);
  job.Submit();
  job.WaitForBatch(40);
  REQUIRE(job.cluster().Find("worker-1") != nullptr);
  job.cluster().Find("worker-1")->Signal(SIGKILL);
  job.WaitForBatch(90);
  job.cluster().Find("worker-0")->Signal(SIGKILL);
  REQUIRE(job.cluster().AddWorker(7).ok());
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  CHECK(status.samples() == undisturbed["samples"]);
  CHECK(status.warnings_size() == 2);
}

TEST_CASE("a worker stopped past its lease and woken again changes nothing") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 30);
  const auto undisturbed = Train(folder, 2, 1);

  JobOnCluster job(folder, 2, 2);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("worker-0")->Signal(SIGSTOP);
  job.WaitForWarnings(1);  // that it died
  job.cluster().Find("worker-0")->Signal(SIGCONT);
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
}

TEST_CASE("continuing from a checkpoint on another number of servers gives the bits of a run that never stopped") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 3);
  const auto whole = Train(folder, 2, 2, {"--set", "checkpoint.every_batches=20", "--set", "checkpoint.keep=10"});
  TempFolder checkpoints;  // a run writes over what is in out/
  std::filesystem::copy(folder / "out", checkpoints / "whole", std::filesystem::copy_options::recursive);
  for (const auto& [from, servers] : {std::pair(0, 3), {50, 1}}) {
    const std::string checkpoint =
        SomeCheckpoint(checkpoints / "whole", [from = from](uint64_t version) { return version > uint64_t(from); });
    CAPTURE(checkpoint, servers);
    const auto resumed = Train(folder, servers, 2, {"--resume", checkpoint});
    CHECK(resumed["parameters_sha256"] == whole["parameters_sha256"]);
    CHECK(resumed["samples"] < whole["samples"]);
  }
}

}  // namespace pumasi
