// Training that does not wait for all updates learns all the same, whoever dies. (That everything counts exactly once:
// audit_test.cc.)
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

constexpr int kRows = 2000, kEpochs = 4;

// The end of a job with a worker that is killed, and one that comes in its place. With mode: hybrid the job goes back
// to a checkpoint each time, for the dense tensors that were lost.
v1::JobStatus Train(const std::string& consistency, const std::string& mode = "ps") {
  TempFolder folder;
  WriteSmallJob(
      folder.path(), kRows, kEpochs,
      "mode: " + mode + "\nconsistency: " + consistency + "\ncheckpoint: {every_batches: 20, full_every: 2}\n");
  JobOnCluster job(folder, 2, 3);
  job.Submit();
  job.WaitForBatch(40);
  REQUIRE(job.Restart("worker-1").ok());
  job.WaitForBatch(120);
  job.cluster().Find("worker-0")->Signal(SIGKILL);
  const v1::JobStatus status = job.WaitForEnd();
  INFO(status.ShortDebugString());
  REQUIRE(status.state() == v1::DONE);
  CHECK((status.generation() > 0) == (mode == "hybrid"));
  CHECK(status.samples() == kRows * kEpochs);
  const ProgramResult audit =
      Pumasi({"audit", job.job_id(), "--json", "--scheduler", job.cluster().scheduler_address()});
  INFO(audit.output << audit.errors);
  REQUIRE(audit.code == 0);
  const auto json = nlohmann::json::parse(audit.output);
  CHECK(json["done"] == json["parts"]);
  CHECK(json["samples"] == kRows * kEpochs);
  return status;
}

}  // namespace

TEST_CASE("a job that does not wait for all updates learns as one that does, and says that it can't be repeated") {
  const v1::JobStatus sync = Train("sync");
  const double accuracy = sync.evaluations().rbegin()->accuracy();
  CHECK(JobJson(sync, 1)["reproducible"] == true);
  REQUIRE(accuracy > 0.8);
  for (const auto& [consistency, mode] : {std::pair<std::string, std::string>("async", "ps"),
                                          {"{bounded: {staleness: 3}}", "ps"},
                                          {"async", "hybrid"},
                                          {"{bounded: {staleness: 3}}", "hybrid"}}) {
    CAPTURE(consistency, mode);
    const v1::JobStatus status = Train(consistency, mode);
    CHECK(JobJson(status, 1)["reproducible"] == false);
    REQUIRE(status.epochs_done_size() == kEpochs);
    CHECK(status.epochs_done().rbegin()->loss() < 0.7 * status.epochs_done(0).loss());
    CHECK(status.evaluations().rbegin()->accuracy() > accuracy - 0.05);
  }
}

}  // namespace pumasi
