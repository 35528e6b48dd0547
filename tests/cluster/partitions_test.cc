// Daemons on hosts of their own are cut off for longer than their lease, in both directions and in one, while a job
// trains; the parameters are those of a run in peace. Needs the right to make network namespaces (root); skips with a
// line otherwise.
#include <catch2/catch.hpp>
#include <iostream>
#include <string>

#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/small_job.h"
#include "tests/cluster/undisturbed.h"
#include "tests/common/temp_folder.h"
#include "tools/hosts/cluster_hosts.h"

namespace pumasi {
namespace {

constexpr uint32_t kServers = 3, kWorkers = 2;

// One network for all tests: gRPC's threads, which outlive a test, stay in the namespace in which they began. Null: not
// permitted.
ClusterHosts* Hosts() {
  static const TempFolder folder;
  static const auto hosts = ClusterHosts::Make(kServers, kWorkers, folder.path());
  if (absl::IsPermissionDenied(hosts.status()) || absl::IsNotFound(hosts.status())) {
    std::cout << "SKIPPED: " << hosts.status().message() << "\n";
    return nullptr;
  }
  INFO(hosts.status().message());
  REQUIRE(hosts.ok());
  return hosts->get();
}

// Nor did it go back to a checkpoint.
void CheckKept(const v1::JobStatus& status) {
  CheckUndisturbed(status);
  CHECK(status.generation() == 0);
}

PacketFilter Everything() {
  PacketFilter filter;
  filter.all = true;
  return filter;
}

}  // namespace

TEST_CASE("two copies: a server that is cut off is given up, and comes back when it is connected again") {
  ClusterHosts* const hosts = Hosts();
  if (hosts == nullptr) return;
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, "replicas: 2\n");
  JobOnCluster job(folder, kServers, kWorkers, hosts);
  job.Submit();
  job.WaitForBatch(30);
  job.WaitForCopies();
  REQUIRE(hosts->network().Lose("server-1", Everything(), Everything()).ok());
  job.WaitForWarnings(1);  // that it died
  REQUIRE(hosts->network().Lose("server-1", {}, {}).ok());
  CheckKept(job.WaitForEnd());
}

TEST_CASE("a worker whose packets are lost in one direction costs no gradient, and none counts twice") {
  ClusterHosts* const hosts = Hosts();
  if (hosts == nullptr) return;
  const bool outgoing = GENERATE(true, false);
  CAPTURE(outgoing);
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs);
  JobOnCluster job(folder, kServers, kWorkers, hosts);
  job.Submit();
  job.WaitForBatch(30);
  REQUIRE(hosts->network()
              .Lose("worker-0", outgoing ? Everything() : PacketFilter(), outgoing ? PacketFilter() : Everything())
              .ok());
  job.WaitForWarnings(1);  // that it died
  REQUIRE(hosts->network().Lose("worker-0", {}, {}).ok());
  CheckKept(job.WaitForEnd());
}

TEST_CASE("a tenth of all packets is lost, and the bits are the same") {
  ClusterHosts* const hosts = Hosts();
  if (hosts == nullptr) return;
  TempFolder folder;
  WriteSmallJob(folder.path(), kRows, kEpochs, "replicas: 2\n");
  JobOnCluster job(folder, kServers, kWorkers, hosts);
  job.Submit();
  job.WaitForBatch(30);
  PacketFilter some;
  some.loss = 0.1;
  for (const std::string name : {"server-0", "worker-1"}) REQUIRE(hosts->network().Lose(name, some, {}).ok());
  job.WaitForBatch(60);
  for (const std::string name : {"server-0", "worker-1"}) REQUIRE(hosts->network().Lose(name, {}, {}).ok());
  CheckKept(job.WaitForEnd());
}

}  // namespace pumasi
