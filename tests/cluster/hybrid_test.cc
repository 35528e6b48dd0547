// mode: hybrid, where servers hold the rows and every worker all dense tensors: the same bits as with servers alone,
// whatever dies.
#include <signal.h>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/small_job.h"
#include "tests/cluster/train_job.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

constexpr int kRows = 1000, kEpochs = 30;

TEST_CASE("servers with rows and workers with tensors train the bits of servers, however many there are") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const auto ps = Train(folder, "ps", {"--servers", "2", "--workers", "2"});
  for (const std::string servers : {"1", "2"}) {
    for (const std::string workers : {"1", "2", "3"}) {
      CAPTURE(servers, workers);
      const auto hybrid = Train(folder, "hybrid", {"--servers", servers, "--workers", workers, "--set", "mode=hybrid"});
      CheckSame(hybrid, ps);
      CHECK(hybrid["mode"] == "hybrid");
      CHECK(hybrid["servers"] == std::stoi(servers));
      CHECK(hybrid["workers"] == std::stoi(workers));
    }
  }
}

TEST_CASE("norms, running statistics and a log keep the promise, and what was written in one mode goes on in another") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const Arguments job = {"--set",     kModelWithStatistics,
                         "--set",     "optimizer={adam: {learning_rate: 0.01}, clip: {global_norm: 0.1}}",
                         "--set",     "checkpoint={every_batches: 8, full_every: 3}",
                         "--workers", "2"};
  const auto with = [&](const Arguments& more) {
    Arguments all = job;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const Arguments ps = with({"--servers", "2"}), allreduce = with({"--set", "mode=allreduce"}),
                  hybrid = with(
                      {"--servers", "2", "--set", "mode=hybrid", "--set", "durability=batch", "--set", "replicas=2"});
  const auto first = Train(folder, "first", ps);
  CheckSame(Train(folder, "other", hybrid), first);
  const auto half = [&](const std::string& output, Arguments way) {
    way.insert(way.end(), {"--set", "epochs=1"});
    (void)Train(folder, output, way);
  };
  half("ps", ps);
  half("hybrid", hybrid);
  half("allreduce", allreduce);
  for (const auto& [from, way] :
       {std::pair("ps", hybrid), {"hybrid", ps}, {"hybrid", allreduce}, {"allreduce", hybrid}}) {
    CAPTURE(from);
    Arguments resumed = way;
    resumed.insert(resumed.end(), {"--resume", folder / from + std::string("/model")});
    CHECK(Train(folder, "resumed", resumed)["parameters_sha256"] == first["parameters_sha256"]);
  }
}

TEST_CASE("values of 16 bits give the same bits in hybrid, too") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 1);
  CheckSame(Train(folder, "hybrid", {"--servers", "1", "--workers", "2", "--set", "wire=bf16", "--set", "mode=hybrid"}),
            Train(folder, "ps", {"--servers", "2", "--workers", "1", "--set", "wire=bf16"}));
}

TEST_CASE("a worker and a server are killed, and one of either comes, without a checkpoint to go back to") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  WriteSmallJob(folder.path(), kRows, kEpochs, "mode: hybrid\nreplicas: 2\n");
  JobOnCluster job(folder, 3, 2);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("worker-1")->Signal(SIGKILL);
  job.WaitForBatch(80);
  job.cluster().Find("server-1")->Signal(SIGKILL);
  job.WaitForBatch(120);
  REQUIRE(job.cluster().AddWorker(7).ok());
  job.WaitForCopies();
  job.cluster().Find("worker-0")->Signal(SIGKILL);
  job.WaitForBatch(240);
  job.cluster().Find("server-0")->Signal(SIGKILL);
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  CHECK(status.generation() == 0);
}

TEST_CASE(
    "the only worker is killed: with a log the job goes on from the last batch or two, once another one is there") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  WriteSmallJob(folder.path(), kRows, kEpochs, "mode: hybrid\ncheckpoint: {every_batches: 100}\ndurability: batch\n");
  JobOnCluster job(folder, 2, 1);
  job.Submit();
  job.WaitForBatch(90);
  job.cluster().Find("worker-0")->Signal(SIGKILL);
  job.WaitForState(v1::RECOVERING);
  REQUIRE(job.cluster().AddWorker(7).ok());
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  CHECK(status.generation() == 1);
}

TEST_CASE("a worker that is stopped past its lease comes back as another one") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  WriteSmallJob(folder.path(), kRows, kEpochs, "mode: hybrid\n");
  JobOnCluster job(folder, 1, 2);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("worker-0")->Signal(SIGSTOP);
  job.WaitForWarnings(2);  // that it died, as a worker and as a holder of slots
  job.cluster().Find("worker-0")->Signal(SIGCONT);
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  CHECK(status.generation() == 0);
}

}  // namespace
}  // namespace pumasi
