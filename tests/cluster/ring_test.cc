// allreduce: {reduction: ring}: gradients are summed by Gloo, in its own order, whatever dies.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/rpc_channel.h"
#include "proto/parameter_server.grpc.pb.h"
#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/small_job.h"
#include "tests/cluster/train_job.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

constexpr int kRows = 1000, kEpochs = 30;
constexpr uint64_t kBatches = 32;  // an epoch's
constexpr char kRing[] = "allreduce={state: replicated, reduction: ring}";
constexpr char kDense[] = "allreduce={state: replicated, reduction: ring, rows: dense}";
constexpr char kJob[] = "mode: allreduce\nallreduce: {state: replicated, reduction: ring}\nstall_timeout: 20\n";

void CheckClose(const nlohmann::json& one, const nlohmann::json& other) {
  CHECK(std::abs(one["loss"].get<double>() - other["loss"].get<double>()) < 1e-3);
  CHECK(one["samples"] == other["samples"]);
}

TEST_CASE("a ring of one trains the tree's bits, and one of more comes close") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const auto tree = Train(folder, "tree", {"--servers", "1", "--workers", "1"});
  for (const char* ring : {kRing, kDense}) {
    for (const std::string workers : {"1", "2", "3", "5"}) {
      CAPTURE(ring, workers);
      const auto trained = Train(folder, "ring", {"--workers", workers, "--set", "mode=allreduce", "--set", ring});
      CheckClose(trained, tree);
      if (workers == "1") CheckSame(trained, tree);
      CHECK((trained["ring"]["sums"].get<uint64_t>() > 0) == (workers != "1"));
      CHECK(trained["ring"]["largest"] < 1);
      CHECK(trained["reproducible"] == false);
      CHECK(trained["mode"] == "allreduce");
    }
  }
}

TEST_CASE("a ring applies rates and statistics, and writes checkpoints") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 500, 2);
  const Arguments job = {
      "--set", kModelWithStatistics,
      "--set", "optimizer={adam: {learning_rate: 0.01}, schedule: {reduce_on_plateau: {patience: 1, min_delta: 1}}}",
      "--set", "checkpoint={every_batches: 8, keep: 20}"};
  Arguments ps = job, ring = job;
  ps.insert(ps.end(), {"--servers", "1", "--workers", "1"});
  ring.insert(ring.end(), {"--workers", "3", "--set", "mode=allreduce", "--set", kRing});
  CheckClose(Train(folder, "ring", ring), Train(folder, "ps", ps));
}

// Its loss. The folder's job is the ring's afterwards; it has no checkpoint to go back to.
double TrainOnServers(const TempFolder& folder) {
  WriteSmallJob(folder.path(), kRows, kEpochs);
  const auto trained = Train(folder, "ps", {"--servers", "1", "--workers", "1"});
  WriteSmallJob(folder.path(), kRows, kEpochs, kJob);
  return trained["loss"];
}

// The job is done, and each part of each batch was trained once. That each went into the model once audit_test says.
void CheckTrained(JobOnCluster& job, const v1::JobStatus& status, double loss) {
  INFO(status.DebugString());
  REQUIRE(status.state() == v1::DONE);
  CHECK(status.generation() == 0);
  CHECK(status.progress().version() == kBatches * kEpochs);
  const auto audit = job.link().Audit(job.job_id(), 0, 0);
  REQUIRE(audit.ok());
  CHECK(audit->done() == audit->parts());
  CHECK(audit->samples() == audit->expected_samples());
  CHECK(audit->undone_batches() == 0);
  REQUIRE(status.epochs_done_size() > 0);
  CHECK(std::abs(status.epochs_done(status.epochs_done_size() - 1).loss() - loss) < 0.05);
}

// What the copy of one worker shows at a version: all dense tensors, and some rows. Empty: not this version.
std::string CopyOf(const v1::Node& node, const v1::JobStatus& status, uint64_t version) {
  auto channel = MakeRpcChannel({node.address(), {}});
  REQUIRE(channel.ok());
  v1::PullRequest pull;
  pull.mutable_header()->set_job_id(status.job_id());
  pull.mutable_header()->set_layout_epoch(status.layout_epoch());
  pull.mutable_header()->set_incarnation(node.incarnation());
  pull.set_version(version);
  pull.set_dense(true);
  v1::RowKeys& rows = *pull.add_rows();
  for (int id = 0; id < 40; ++id) rows.add_deltas(id > 0);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(100));
  v1::PullResponse response;
  if (!v1::ParameterServer::NewStub(*channel)->Pull(&context, pull, &response).ok()) return "";
  response.clear_time();
  return response.SerializeAsString();
}

// All copies are the same at some moment; looks for one at which all show the same version.
void CheckCopies(JobOnCluster& job, size_t copies) {
  for (int tries = 0; tries < 1000; ++tries) {
    const v1::JobStatus status = job.WaitForChange();
    REQUIRE(status.state() < v1::SAVING);
    const auto nodes = job.link().ListNodes();
    REQUIRE(nodes.ok());
    for (const uint64_t ahead : {1, 0}) {
      std::vector<std::string> shown;
      for (const v1::NodeStatus& node : *nodes) {
        if (!node.alive() || node.node().role() != v1::ROLE_WORKER) continue;
        shown.push_back(CopyOf(node.node(), status, status.progress().version() + ahead));
      }
      const bool all = std::none_of(shown.begin(), shown.end(), [](const std::string& copy) { return copy.empty(); });
      if (!all || shown.size() != copies) continue;
      for (const std::string& copy : shown) CHECK(copy == shown[0]);
      return;
    }
  }
  FAIL("the copies never showed one version");
}

TEST_CASE("members of a ring are killed, and join, and copies stay the same") {
  TempFolder folder;
  const double undisturbed = TrainOnServers(folder);
  JobOnCluster job(folder, 0, 3);
  job.Submit();
  job.WaitForBatch(40);
  CheckCopies(job, 3);
  job.cluster().Find("worker-1")->Signal(SIGKILL);
  job.WaitForBatch(80);
  CheckCopies(job, 2);
  job.cluster().Find("worker-0")->Signal(SIGKILL);
  job.WaitForBatch(120);
  REQUIRE(job.cluster().AddWorker(7).ok());
  job.WaitForCopies();
  CheckCopies(job, 2);
  job.cluster().Find("worker-2")->Signal(SIGKILL);
  CheckTrained(job, job.WaitForEnd(), undisturbed);
}

TEST_CASE("a member of a ring is drained") {
  TempFolder folder;
  const double undisturbed = TrainOnServers(folder);
  JobOnCluster job(folder, 0, 3);
  job.Submit();
  job.WaitForBatch(40);
  REQUIRE(job.link().Drain("worker-1", false).ok());
  job.WaitForBatch(80);
  job.cluster().Find("worker-1")->Signal(SIGKILL);
  job.WaitForBatch(100);
  REQUIRE(job.link().Drain("worker-0", false).ok());
  job.WaitForBatch(120);
  REQUIRE(job.link().Drain("worker-0", true).ok());
  job.WaitForCopies();
  job.WaitForBatch(200);
  job.cluster().Find("worker-2")->Signal(SIGKILL);
  CheckTrained(job, job.WaitForEnd(), undisturbed);
}

TEST_CASE("a member of a ring that is stopped past its lease comes back as another one") {
  TempFolder folder;
  const double undisturbed = TrainOnServers(folder);
  JobOnCluster job(folder, 0, 3);
  job.Submit();
  job.WaitForBatch(40);
  job.cluster().Find("worker-0")->Signal(SIGSTOP);
  job.WaitForWarnings(2);  // that it died, as a worker and as a holder of slots
  job.cluster().Find("worker-0")->Signal(SIGCONT);
  CheckTrained(job, job.WaitForEnd(), undisturbed);
}

}  // namespace
}  // namespace pumasi
