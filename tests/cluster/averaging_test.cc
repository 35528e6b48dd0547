// average_every: lanes that train by themselves between two averages, wherever the parameters lie and whatever dies.
#include <signal.h>
#include <stdlib.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/small_job.h"
#include "tests/cluster/some_checkpoint.h"
#include "tests/cluster/train_job.h"
#include "tests/common/temp_folder.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

const char kReplicated[] = "mode: allreduce\nallreduce: {state: replicated}\n";
const char kEveryFour[] = "average_every: {batches: 4}\n";

void CheckAudit(JobOnCluster& job, uint64_t lanes, uint64_t samples) {
  const auto audit = job.link().Audit(job.job_id(), 0, 0);
  REQUIRE(audit.ok());
  CHECK(audit->parts() == lanes);
  CHECK(audit->done() == lanes);
  CHECK(audit->samples() == samples);
  CHECK(audit->expected_samples() == samples);
}

TEST_CASE("averages are the same bits for 1, 2 and 3 workers, and wherever the parameters lie") {
  TempFolder folder;
  for (const std::string every : {"{batches: 3}", "{batches: 2, block_momentum: 0.5}\nwire: bf16", "{epochs: 1}"}) {
    CAPTURE(every);
    WriteSmallJob(folder.path(), 700, 3, "average_every: " + every + "\n");
    const auto ps = Train(folder, "ps", {"--servers", "2", "--workers", "2"});
    CHECK(ps["samples"] == 2100);
    for (const std::string workers : {"1", "2", "3"}) {
      CAPTURE(workers);
      const auto members =
          Train(folder, "members",
                {"--workers", workers, "--set", "mode=allreduce", "--set", "allreduce={state: replicated}"});
      CHECK(members["parameters_sha256"] == ps["parameters_sha256"]);
      CHECK(members["loss"] == ps["loss"]);
      CHECK(members["test"] == ps["test"]);
    }
  }
}

TEST_CASE("averaging learns, with statistics, clipped gradients, a schedule and dropout, too") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 2000, 4);
  const auto sync = Train(folder, "sync", {"--servers", "1", "--workers", "1"});
  const auto averaged =
      Train(folder, "averaged", {"--servers", "1", "--workers", "2", "--set", "average_every={batches: 4}"});
  INFO(sync["test"] << " and averaged " << averaged["test"]);
  CHECK(averaged["test"]["accuracy"].get<double>() > 0.9);
  const Arguments job = {
      "--servers",
      "2",
      "--workers",
      "2",
      "--set",
      "average_every={batches: 5}",
      "--set",
      "model=[{embedding: {width: 12}}, {dropout: {rate: 0.1}}, {batch_normalization: {momentum: 0.9}}, "
      "{lstm: {units: 10}}, {dense: {activation: softmax}}]",
      "--set",
      "optimizer={adam: {learning_rate: 0.01}, clip: {global_norm: 1}, schedule: {exponential: {every: 40}}}"};
  const auto rich = Train(folder, "rich", job);
  INFO(rich["test"]);
  CHECK(rich["test"]["accuracy"].get<double>() > 0.9);
}

TEST_CASE("a run goes on from a checkpoint between two rounds, or from its log") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 4,
                "average_every: {batches: 2, block_momentum: 0.5}\ncheckpoint: {every_batches: 3, keep: 20}\n");
  const auto whole = Train(folder, "whole", {"--servers", "2", "--workers", "2"});
  const auto resumed =
      Train(folder, "resumed",
            {"--workers", "2", "--set", "mode=allreduce", "--resume", folder / "whole/checkpoint-000000006"});
  CHECK(resumed["parameters_sha256"] == whole["parameters_sha256"]);
  WriteSmallJob(folder.path(), 1000, 4,
                "average_every: {batches: 2, block_momentum: 0.5}\ncheckpoint: {every_batches: 9, keep: 20}\n"
                "durability: batch\n");
  JobOnCluster job(folder, 2, 2);
  job.Submit();
  job.WaitForBatch(6);
  job.cluster().Find("server-0")->Signal(SIGKILL);
  REQUIRE(job.Restart("server-0").ok());
  CheckDone(job.WaitForEnd(), whole["parameters_sha256"]);
}

const char kElastic[] = "average_every: {batches: 4, elastic: 0.9}\n";

TEST_CASE("elastic averaging learns, the same bits for 1, 2 and 3 workers and servers, and other ones than averages") {
  TempFolder folder;
  // 701 rows: lanes and rounds do not come out even.
  for (const std::string extra : {"", "wire: bf16\nsplit: epoch\n"}) {
    CAPTURE(extra);
    WriteSmallJob(folder.path(), 701, 12, kElastic + extra);
    const auto one = Train(folder, "one", {"--servers", "1", "--workers", "1"});
    CHECK(one["samples"] == 12 * 701);
    INFO(one["test"]);
    CHECK(one["test"]["accuracy"].get<double>() > 0.9);
    CheckSame(Train(folder, "two", {"--servers", "2", "--workers", "2"}), one);
    CheckSame(Train(folder, "three", {"--servers", "3", "--workers", "3", "--set", "replicas=2"}), one);
    const auto plain =
        Train(folder, "plain", {"--servers", "1", "--workers", "2", "--set", "average_every={batches: 4}"});
    CHECK(plain["parameters_sha256"] != one["parameters_sha256"]);
  }
}

TEST_CASE("elastic lanes go on from a checkpoint between two rounds, and servers from it when they die") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 30, std::string(kElastic) + "checkpoint: {every_batches: 5, keep: 100}\n");
  const auto whole = Train(folder, "whole", {"--servers", "2", "--workers", "2"});
  const std::string checkpoint = SomeCheckpoint(folder / "whole", [](uint64_t version) { return version % 2 == 1; });
  const auto resumed = Train(folder, "resumed", {"--servers", "1", "--workers", "3", "--resume", checkpoint});
  CHECK(resumed["parameters_sha256"] == whole["parameters_sha256"]);
  JobOnCluster job(folder, 2, 2);
  job.Submit();
  job.WaitForBatch(12);
  job.cluster().Find("server-0")->Signal(SIGKILL);
  REQUIRE(job.Restart("server-0").ok());
  CheckDone(job.WaitForEnd(), whole["parameters_sha256"]);
}

// 1000 rows in lanes of 4 batches with 32 rows, 4 lanes: rounds of 512 and 488 rows.
constexpr int kRows = 1000, kEpochs = 60;

TEST_CASE("members that die in the middle of a round, and one that joins, change nothing") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, kEveryFour);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  for (const uint32_t workers : {2, 3}) {
    CAPTURE(workers);
    WriteSmallJob(folder.path(), kRows, kEpochs, std::string(kEveryFour) + kReplicated);
    JobOnCluster job(folder, 0, workers);
    // Of its lanes each has 4 batches: the one that it dies in is half done.
    setenv("PUMASI_FAILPOINTS", "worker.lane.batch=crash@6", 1);
    REQUIRE(job.Restart("worker-1").ok());
    unsetenv("PUMASI_FAILPOINTS");
    job.Submit();
    while (job.cluster().Find("worker-1")->Running()) REQUIRE_FALSE(Ended(job.WaitForChange().state()));
    REQUIRE(job.cluster().AddWorker(7).ok());
    job.WaitForBatch(24);
    job.WaitForCopies();
    job.cluster().Find("worker-0")->Signal(SIGKILL);
    const v1::JobStatus status = job.WaitForEnd();
    INFO(status.ShortDebugString());
    REQUIRE(status.state() == v1::DONE);
    CHECK(status.parameters_sha256() == undisturbed["parameters_sha256"]);
    CHECK(status.samples() == uint64_t{kRows} * kEpochs);
    CHECK(status.generation() == 0);
    CheckAudit(job, 2 * 4 * kEpochs, uint64_t{kRows} * kEpochs);
  }
}

TEST_CASE("a worker that dies in a round of elastic lanes, and a server of which there are copies, change nothing") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, kElastic);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  WriteSmallJob(folder.path(), kRows, kEpochs, std::string(kElastic) + "replicas: 2\n");
  JobOnCluster job(folder, 3, 3);
  setenv("PUMASI_FAILPOINTS", "worker.lane.batch=crash@6", 1);
  REQUIRE(job.Restart("worker-1").ok());
  unsetenv("PUMASI_FAILPOINTS");
  job.Submit();
  while (job.cluster().Find("worker-1")->Running()) REQUIRE_FALSE(Ended(job.WaitForChange().state()));
  job.WaitForBatch(24);
  job.cluster().Find("server-1")->Signal(SIGKILL);
  job.WaitForCopies();
  REQUIRE(job.cluster().AddWorker(7).ok());
  job.WaitForBatch(48);
  job.cluster().Find("worker-0")->Signal(SIGKILL);
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  CHECK(status.samples() == uint64_t{kRows} * kEpochs);
  CHECK(status.generation() == 0);
  CheckAudit(job, 2 * 4 * kEpochs, uint64_t{kRows} * kEpochs);
}

}  // namespace
}  // namespace pumasi
