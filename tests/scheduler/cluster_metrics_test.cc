#include "scheduler/cluster_metrics.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "common/metrics/metrics_text.h"
#include "tests/metrics/exposition.h"
#include "tests/scheduler/small_cluster.h"

namespace pumasi {
namespace {

Exposition MetricsOf(const Cluster& cluster) {
  MetricSet metrics;
  AddClusterMetrics(cluster, At(2), &metrics);
  return ReadExposition(MetricsText(metrics.Take()));
}

TEST_CASE("Nodes are counted by role, and draining ones apart") {
  SmallCluster c;
  c.Join();
  REQUIRE(c.cluster.Register(Node("w2", v1::ROLE_WORKER, 3), At(0)).ok());
  REQUIRE(c.cluster.Drain("w2", false, At(0)).ok());
  const Exposition seen = MetricsOf(c.cluster);
  CHECK(seen.Sum("pumasi_nodes", {{"role", "server"}, {"state", "alive"}}) == 1);
  CHECK(seen.Sum("pumasi_nodes", {{"role", "server"}, {"state", "draining"}}) == 0);
  CHECK(seen.Sum("pumasi_nodes", {{"role", "worker"}, {"state", "alive"}}) == 1);
  CHECK(seen.Sum("pumasi_nodes", {{"role", "worker"}, {"state", "draining"}}) == 1);
}

TEST_CASE("A job that trains tells how far it is") {
  SmallCluster c;
  c.Join();
  REQUIRE(c.Submit("a").ok());
  REQUIRE(c.Submit("b").ok());
  c.Train("a");
  c.Work("a", 1);
  const std::map<std::string, std::string> a = {{"job", "a"}};
  const Exposition seen = MetricsOf(c.cluster);
  const v1::JobStatus status = c.Job("a").Status(At(2));
  CHECK(seen.Sum("pumasi_jobs") == 2);
  CHECK(seen.Sum("pumasi_jobs", {{"state", "training"}}) == 1);
  CHECK(seen.Sum("pumasi_jobs", {{"state", "queued"}}) == 1);
  CHECK(seen.Count("pumasi_jobs", {{"state", "failed"}}) == 1);
  CHECK(seen.Sum("pumasi_job_batches", a) == static_cast<double>(status.total_batches()));
  CHECK(seen.Sum("pumasi_job_batches_done", a) == static_cast<double>(status.progress().version()));
  CHECK(seen.Sum("pumasi_job_leases_total", a) == static_cast<double>(c.Job("a").Audit().leases()));
  CHECK(seen.Sum("pumasi_job_leases_total", a) > 0);
  CHECK(seen.Sum("pumasi_job_batch_seconds_count", a) == static_cast<double>(c.Job("a").batch_times().count()));
  CHECK(seen.Count("pumasi_job_batches", {{"job", "b"}}) == 1);
}

TEST_CASE("Of jobs that have ended the latest keep their numbers, the others are only counted") {
  SmallCluster c;
  c.Join();
  for (int i = 0; i < 8; ++i) {
    const std::string id = "j" + std::to_string(i);
    REQUIRE(c.Submit(id).ok());
    if (i == 1) continue;
    c.Job(id).Cancel(At(1));
    c.cluster.JobChanged(At(1));
  }
  const Exposition seen = MetricsOf(c.cluster);
  CHECK(seen.Sum("pumasi_jobs", {{"state", "cancelled"}}) == 7);
  CHECK(seen.Count("pumasi_job_batches") == 1 + static_cast<int>(kEndedJobsShown));
  CHECK(seen.Count("pumasi_job_batches", {{"job", "j0"}}) == 0);
  CHECK(seen.Count("pumasi_job_batches", {{"job", "j1"}}) == 1);
  CHECK(seen.Count("pumasi_job_batches", {{"job", "j2"}}) == 0);
  CHECK(seen.Count("pumasi_job_batches", {{"job", "j3"}}) == 1);
}

}  // namespace
}  // namespace pumasi
