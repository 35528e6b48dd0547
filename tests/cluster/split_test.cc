// split: epoch, where each part of a batch draws from its own range of the data: who computes which part still changes
// nothing.
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/small_job.h"
#include "tests/cluster/some_checkpoint.h"
#include "tests/cluster/train_job.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

const char kSplit[] = "split: epoch\n";

TEST_CASE("split: epoch trains the same bits with 1, 2 and 3 workers, in every mode, and in lanes") {
  TempFolder folder;
  // 701 rows: neither batches nor ranges come out even.
  for (const std::string extra : {"", "average_every: {epochs: 1}\n"}) {
    CAPTURE(extra);
    WriteSmallJob(folder.path(), 701, 3, kSplit + extra);
    const auto one = Train(folder, "one", {"--servers", "1", "--workers", "1"});
    CHECK(one["samples"] == 2103);
    CHECK(one["test"]["accuracy"].get<double>() > (extra.empty() ? 0.9 : 0.6));
    CheckSame(Train(folder, "two", {"--servers", "2", "--workers", "2"}), one);
    CheckSame(Train(folder, "three", {"--servers", "1", "--workers", "3"}), one);
    for (const std::string mode : {"allreduce", "hybrid"}) {
      CAPTURE(mode);
      CheckSame(Train(folder, mode, {"--workers", "2", "--set", "mode=" + mode}), one);
    }
    const auto batch = Train(folder, "batch", {"--servers", "1", "--workers", "2", "--set", "split=batch"});
    CHECK(batch["parameters_sha256"] != one["parameters_sha256"]);
    CHECK(batch["samples"] == one["samples"]);
  }
}

TEST_CASE("with split: epoch a worker that dies changes nothing, and a run goes on from a checkpoint within an epoch") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1001, 30, std::string(kSplit) + "checkpoint: {every_batches: 20, keep: 100}\n");
  const auto undisturbed = Train(folder, "whole", {"--servers", "1", "--workers", "1"});
  const std::string checkpoint = SomeCheckpoint(folder / "whole", [](uint64_t version) { return version % 32 != 0; });
  const auto resumed = Train(folder, "resumed", {"--servers", "2", "--workers", "2", "--resume", checkpoint});
  CHECK(resumed["parameters_sha256"] == undisturbed["parameters_sha256"]);
  JobOnCluster job(folder, 2, 3);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("worker-1")->Signal(SIGKILL);
  job.WaitForBatch(90);
  job.cluster().Find("worker-0")->Signal(SIGKILL);
  REQUIRE(job.cluster().AddWorker(7).ok());
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  const auto audit = job.link().Audit(job.job_id(), 0, 0);
  REQUIRE(audit.ok());
  CHECK(audit->done() == audit->parts());
  CHECK(audit->samples() == 30030);
  CHECK(audit->expected_samples() == 30030);
}

}  // namespace
}  // namespace pumasi
