// mode: allreduce, where workers hold the slots: the same bits as with servers, whatever dies.
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

constexpr int kRows = 1000, kEpochs = 30;

TEST_CASE("1, 2 and 3 workers that hold the parameters train the bits of servers") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const auto servers = Train(folder, "ps", {"--servers", "2", "--workers", "2"});
  CHECK(servers["mode"] == "ps");
  for (const std::string workers : {"1", "2", "3"}) {
    CAPTURE(workers);
    const auto members = Train(folder, "members", {"--workers", workers, "--set", "mode=allreduce"});
    CheckSame(members, servers);
    CHECK(members["mode"] == "allreduce");
    CHECK(members["servers"] == 0);
    CHECK(members["workers"] == std::stoi(workers));
  }
  CheckSame(Train(folder, "copies", {"--workers", "3", "--set", "mode=allreduce", "--set", "replicas=2"}), servers);
}

TEST_CASE("norms over all members, running statistics and a log keep the promise, too") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const Arguments job = {"--set", kModelWithStatistics,
                         "--set", "optimizer={adam: {learning_rate: 0.01}, clip: {global_norm: 0.1}}",
                         "--set", "checkpoint={every_batches: 8, keep: 20}"};
  Arguments ps = job, members = job;
  ps.insert(ps.end(), {"--servers", "2", "--workers", "2"});
  members.insert(members.end(), {"--workers", "2", "--set", "mode=allreduce", "--set", "durability=batch"});
  const auto first = Train(folder, "ps", ps);
  CheckSame(Train(folder, "members", members), first);
  // Either goes on from a checkpoint of the other.
  for (const auto& [from, way] : {std::pair("ps", members), {"members", ps}}) {
    CAPTURE(from);
    Arguments resumed = way;
    resumed.insert(resumed.end(), {"--resume", SomeCheckpoint(folder / from)});
    CHECK(Train(folder, "resumed", resumed)["parameters_sha256"] == first["parameters_sha256"]);
  }
}

TEST_CASE("a member that is killed, and one that joins, change nothing where each slot has two copies") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  WriteSmallJob(folder.path(), kRows, kEpochs, "mode: allreduce\nreplicas: 2\n");
  JobOnCluster job(folder, 0, 3);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("worker-1")->Signal(SIGKILL);
  job.WaitForCopies();
  job.WaitForBatch(120);
  REQUIRE(job.cluster().AddWorker(7).ok());
  job.WaitForBatch(200);
  job.cluster().Find("worker-0")->Signal(SIGKILL);
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  CHECK(status.generation() == 0);
}

TEST_CASE("a member with the only copy is killed: those that are left go on from the checkpoint") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  WriteSmallJob(folder.path(), kRows, kEpochs, "mode: allreduce\ncheckpoint: {every_batches: 20}\n");
  JobOnCluster job(folder, 0, 2);
  job.Submit();
  job.WaitForBatch(90);
  job.cluster().Find("worker-1")->Signal(SIGKILL);
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  CHECK(status.generation() == 1);
}

TEST_CASE("a member that is stopped past its lease comes back as another one") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  WriteSmallJob(folder.path(), kRows, kEpochs, "mode: allreduce\nreplicas: 2\n");
  JobOnCluster job(folder, 0, 3);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("worker-0")->Signal(SIGSTOP);
  job.WaitForWarnings(2);  // that it died, as a worker and as a holder of slots
  job.cluster().Find("worker-0")->Signal(SIGCONT);
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
}

constexpr char kReplicated[] = "allreduce={state: replicated}";

TEST_CASE("1, 2 and 3 workers that each hold all parameters train the bits of servers") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const auto servers = Train(folder, "ps", {"--servers", "2", "--workers", "2"});
  for (const std::string workers : {"1", "2", "3"}) {
    CAPTURE(workers);
    const auto members =
        Train(folder, "members", {"--workers", workers, "--set", "mode=allreduce", "--set", kReplicated});
    CheckSame(members, servers);
    CHECK(members["mode"] == "allreduce");
    CHECK(members["servers"] == 0);
  }
}

TEST_CASE("where each worker holds all parameters, norms, a log and checkpoints keep the promise, too") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const Arguments job = {"--set", "optimizer={adam: {learning_rate: 0.01}, clip: {global_norm: 0.1}}", "--set",
                         "checkpoint={every_batches: 8, keep: 20}"};
  Arguments ps = job, members = job;
  ps.insert(ps.end(), {"--servers", "2", "--workers", "2"});
  members.insert(members.end(),
                 {"--workers", "2", "--set", "mode=allreduce", "--set", kReplicated, "--set", "durability=batch"});
  const auto first = Train(folder, "ps", ps);
  CheckSame(Train(folder, "members", members), first);
  for (const auto& [from, way] : {std::pair("ps", members), {"members", ps}}) {
    CAPTURE(from);
    Arguments resumed = way;
    resumed.insert(resumed.end(), {"--resume", SomeCheckpoint(folder / from)});
    CHECK(Train(folder, "resumed", resumed)["parameters_sha256"] == first["parameters_sha256"]);
  }
}

TEST_CASE("of workers that each hold all parameters one is enough, and others join") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  // There is no checkpoint to go back to.
  WriteSmallJob(folder.path(), kRows, kEpochs, "mode: allreduce\nallreduce: {state: replicated}\n");
  JobOnCluster job(folder, 0, 3);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("worker-1")->Signal(SIGKILL);
  job.WaitForBatch(80);
  job.cluster().Find("worker-0")->Signal(SIGKILL);
  job.WaitForBatch(120);
  REQUIRE(job.cluster().AddWorker(7).ok());
  job.WaitForCopies();
  job.cluster().Find("worker-2")->Signal(SIGKILL);
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  CHECK(status.generation() == 0);
}

TEST_CASE("a worker with all parameters that is stopped past its lease comes back as another one") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  const auto undisturbed = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  WriteSmallJob(folder.path(), kRows, kEpochs, "mode: allreduce\nallreduce: {state: replicated}\n");
  JobOnCluster job(folder, 0, 2);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("worker-0")->Signal(SIGSTOP);
  job.WaitForWarnings(2);  // that it died, as a worker and as a holder of slots
  job.cluster().Find("worker-0")->Signal(SIGCONT);
  const v1::JobStatus status = job.WaitForEnd();
  CheckDone(status, undisturbed["parameters_sha256"]);
  CHECK(status.generation() == 0);
}

TEST_CASE("a job whose parameters servers hold needs one") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 100, 1);
  const ProgramResult result = Pumasi({"train", folder / "job.yaml", "--servers", "0", "--output", folder / "out"});
  CHECK(result.code != 0);
  CHECK(result.errors.find("set mode: allreduce") != std::string::npos);
}

}  // namespace
}  // namespace pumasi
