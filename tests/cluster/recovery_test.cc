// What dies while a job trains changes neither its parameters nor what it counted: servers with two copies and with
// one, the scheduler, everything at once; and slots move while training goes on.
#include <signal.h>

#include <catch2/catch.hpp>
#include <string>

#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/cluster/undisturbed.h"
#include "tests/common/temp_folder.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {}  // namespace

TEST_CASE("two copies: a server is killed, the other copies take over, and a new server gets new ones") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, "replicas: 2\n");
  JobOnCluster job(folder, 3, 2);
  job.Submit();
  job.WaitForBatch(30);
  job.cluster().Find("server-1")->Signal(SIGKILL);
  CHECK(job.WaitForCopies().generation() == 0);
  REQUIRE(job.Restart("server-1").ok());
  const v1::JobStatus before = job.WaitForBatch(kBatches / 2);
  CHECK(before.state() < v1::DONE);
  job.cluster().Find("server-2")->Signal(SIGKILL);
  const v1::JobStatus status = job.WaitForEnd();
  CHECK(status.generation() == 0);
  CheckUndisturbed(status);
}

TEST_CASE("two copies: a server that was stopped and goes on later changes nothing") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, "replicas: 2\n");
  JobOnCluster job(folder, 3, 2);
  job.Submit();
  job.WaitForBatch(30);
  job.cluster().Find("server-0")->Signal(SIGSTOP);
  job.WaitForBatch(200);
  job.cluster().Find("server-0")->Signal(SIGCONT);
  CheckUndisturbed(job.WaitForEnd());
}

TEST_CASE("one copy: the job waits for a server in place of the one that died, and goes on from its last checkpoint") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, "checkpoint: {every_batches: 20, full_every: 3}\n");
  JobOnCluster job(folder, 2, 2);
  job.Submit();
  job.WaitForBatch(90);
  job.cluster().Find("server-1")->Signal(SIGKILL);
  job.WaitForState(v1::RECOVERING);
  REQUIRE(job.Restart("server-1").ok());
  const v1::JobStatus status = job.WaitForEnd();
  CHECK(status.generation() == 1);
  CheckUndisturbed(status);
}

TEST_CASE("one copy: where no server comes, the job goes on with those that are left") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, "checkpoint: {every_batches: 20}\nstall_timeout: 5\n");
  JobOnCluster job(folder, 2, 2);
  job.Submit();
  job.WaitForBatch(90);
  job.cluster().Find("server-0")->Signal(SIGKILL);
  const v1::JobStatus status = job.WaitForEnd();
  CHECK(status.generation() == 1);
  CheckUndisturbed(status);
}

TEST_CASE("one copy and no checkpoint yet: the job begins again by itself") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  JobOnCluster job(folder, 1, 1);
  job.Submit();
  job.WaitForBatch(20);
  REQUIRE(job.Restart("server-0").ok());
  const v1::JobStatus status = job.WaitForEnd();
  CHECK(status.generation() == 1);
  CheckUndisturbed(status);
}

TEST_CASE("the scheduler is killed again and again") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, "replicas: 2\n");
  JobOnCluster job(folder, 2, 2);
  job.Submit();
  for (int time = 1; time <= 5; ++time) {
    job.WaitForBatch(static_cast<uint64_t>(time) * 40);
    REQUIRE(job.Restart("scheduler").ok());
  }
  const v1::JobStatus status = job.WaitForEnd();
  CHECK(status.generation() == 0);
  CheckUndisturbed(status);
}

TEST_CASE("workers go on while the scheduler does not answer") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 20000, 1, "checkpoint: {every_batches: 100}\n");
  JobOnCluster job(folder, 2, 2);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("scheduler")->Signal(SIGSTOP);
  // Servers write their parts of checkpoints as training comes by, whether the scheduler hears of it or not.
  const bool went_on = job.WaitForOutput(".checkpoint-000000400-g0.tmp");
  job.cluster().Find("scheduler")->Signal(SIGCONT);
  CHECK(went_on);
  const v1::JobStatus status = job.WaitForEnd();
  INFO(status.ShortDebugString());
  CHECK(status.state() == v1::DONE);
  CHECK(status.generation() == 0);
  CHECK(status.samples() == 20000);
}

TEST_CASE("everything is killed at once, started again, and goes on by itself") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, "checkpoint: {every_batches: 25}\n");
  JobOnCluster job(folder, 2, 2);
  job.Submit();
  job.WaitForBatch(120);
  for (const std::string& name : job.cluster().Names()) job.cluster().Find(name)->Signal(SIGKILL);
  for (const std::string& name : job.cluster().Names()) REQUIRE(job.Restart(name).ok());
  const v1::JobStatus status = job.WaitForEnd();
  CHECK(status.generation() >= 1);
  CheckUndisturbed(status);
}

TEST_CASE("servers join while training goes on, and take their share of the slots") {
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  JobOnCluster job(folder, 1, 2);
  job.Submit();
  job.WaitForBatch(30);
  REQUIRE(job.cluster().AddServer(1).ok());
  bool shares = false;
  while (!shares && !Ended(job.WaitForChange().state())) {
    auto nodes = job.link().ListNodes();
    REQUIRE(nodes.ok());
    for (const v1::NodeStatus& node : *nodes) shares |= node.node().name() == "server-1" && node.primary_slots() == 32;
  }
  CHECK(shares);
  const v1::JobStatus status = job.WaitForEnd();
  CHECK(status.generation() == 0);
  CheckUndisturbed(status);
}

}  // namespace pumasi
