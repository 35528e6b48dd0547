#include "tests/cluster/job_on_cluster.h"

#include <stdexcept>

#include "common/clock.h"
#include "tests/cluster/program.h"
#include "tools/cli/job_file.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(1);

void Check(const absl::Status& status) {
  if (!status.ok()) throw std::runtime_error(std::string(status.message()));
}

}  // namespace

JobOnCluster::JobOnCluster(const TempFolder& folder, uint32_t servers, uint32_t workers)
    : folder_(folder.path()), servers_(servers), workers_(workers) {
  EmbeddedCluster::Options options;
  options.servers = servers;
  options.workers = workers;
  options.logs = folder_ + "/logs";
  options.cache = folder_ + "/cache";
  options.programs = BuiltProgram("tools/cli/pumasi");
  options.programs.resize(options.programs.rfind('/'));
  auto cluster = EmbeddedCluster::Start(options);
  Check(cluster.status());
  cluster_ = *std::move(cluster);
  v1::ClientConfig config;
  config.set_scheduler(cluster_->scheduler_address());
  config.set_timeout(20);
  auto link = SchedulerLink::Open(config);
  Check(link.status());
  link_ = *std::move(link);
}

void JobOnCluster::Submit() {
  auto file = LoadJobFile(folder_ + "/job.yaml", {});
  Check(file.status());
  v1::SubmitRequest request;
  *request.mutable_job() = file->job;
  request.set_base(file->base);
  request.set_output(folder_ + "/cluster-out");
  request.set_servers(servers_);
  request.set_workers(workers_);
  auto job = link_->Submit(request);
  Check(job.status());
  job_id_ = *job;
}

template <typename Condition>
v1::JobStatus JobOnCluster::WaitUntil(const std::string& what, Condition condition) {
  const absl::Duration deadline = RealClock().Now() + kPatience;
  v1::JobStatus status;
  while (true) {
    auto next = link_->GetJob(job_id_, status.change(), absl::Seconds(1));
    Check(next.status());
    status = *next;
    if (condition(status) || Ended(status.state())) return status;
    if (RealClock().Now() > deadline) {
      throw std::runtime_error("waited in vain for " + what + "; last seen: " + status.ShortDebugString());
    }
  }
}

v1::JobStatus JobOnCluster::WaitForBatch(uint64_t batches) {
  return WaitUntil("batch " + std::to_string(batches),
                   [&](const v1::JobStatus& status) { return status.progress().version() >= batches; });
}

v1::JobStatus JobOnCluster::WaitForWarnings(int warnings) {
  return WaitUntil("a warning", [&](const v1::JobStatus& status) { return status.warnings_size() >= warnings; });
}

v1::JobStatus JobOnCluster::WaitForEnd() {
  return WaitUntil("the end", [](const v1::JobStatus&) { return false; });
}

}  // namespace pumasi
