#include "tests/cluster/job_on_cluster.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <stdexcept>

#include "common/clock.h"
#include "common/file.h"
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

JobOnCluster::JobOnCluster(const TempFolder& folder, uint32_t servers, uint32_t workers, ClusterHosts* hosts)
    : folder_(folder.path()), servers_(servers), workers_(workers), hosts_(hosts) {
  EmbeddedCluster::Options options;
  options.servers = servers;
  options.workers = workers;
  options.logs = folder_ + "/logs";
  options.cache = folder_ + "/cache";
  options.store = folder_ + "/scheduler.db";
  options.programs = BuiltProgram("tools/cli/pumasi");
  options.programs.resize(options.programs.rfind('/'));
  if (hosts != nullptr) options.host_of = [hosts](const std::string& name) { return hosts->HostOf(name); };
  auto cluster = EmbeddedCluster::Start(options);
  Check(cluster.status());
  cluster_ = *std::move(cluster);
  link_ = Link(20);
}

std::unique_ptr<SchedulerLink> JobOnCluster::Link(double timeout) const {
  v1::ClientConfig config;
  config.set_scheduler(cluster_->scheduler_address());
  config.set_timeout(timeout);
  if (hosts_ != nullptr) *config.mutable_tls() = hosts_->client_tls();
  auto link = SchedulerLink::Open(config);
  Check(link.status());
  return *std::move(link);
}

v1::SubmitRequest JobOnCluster::Request() const {
  auto file = LoadJobFile(folder_ + "/job.yaml", {});
  Check(file.status());
  v1::SubmitRequest request;
  *request.mutable_job() = file->job;
  request.set_base(file->base);
  request.set_output(folder_ + "/cluster-out");
  request.set_servers(servers_);
  request.set_workers(workers_);
  return request;
}

void JobOnCluster::Submit() {
  auto job = link_->Submit(Request());
  Check(job.status());
  job_id_ = *job;
}

std::unique_ptr<SchedulerLink> JobOnCluster::ImpatientLink() const { return Link(0.3); }

void JobOnCluster::SubmitWhile(const std::function<void()>& mend) {
  const auto link = ImpatientLink();
  v1::SubmitRequest request = Request();
  request.set_request_id("once");  // however often it is sent
  const absl::Duration deadline = RealClock().Now() + kPatience;
  while (job_id_.empty()) {
    mend();
    auto job = link->Submit(request);
    if (job.ok()) job_id_ = *job;
    if (RealClock().Now() > deadline) Check(job.status());
  }
}

v1::JobStatus JobOnCluster::WaitForEndWhile(const std::function<void()>& mend) {
  const auto link = ImpatientLink();
  const absl::Duration deadline = RealClock().Now() + kPatience;
  v1::JobStatus status;
  while (true) {
    mend();
    auto next = link->GetJob(job_id_, status.change(), absl::Milliseconds(200));
    if (next.ok()) status = *next;
    if (Ended(status.state())) return status;
    if (RealClock().Now() > deadline) {
      throw std::runtime_error("waited in vain for the end; last seen: " + status.ShortDebugString());
    }
  }
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

v1::JobStatus JobOnCluster::WaitForState(v1::JobState state) {
  return WaitUntil(v1::JobState_Name(state), [&](const v1::JobStatus& status) { return status.state() == state; });
}

v1::JobStatus JobOnCluster::WaitForChange() {
  auto status = link_->GetJob(job_id_, seen_change_, absl::Seconds(1));
  Check(status.status());
  seen_change_ = status->change();
  return *status;
}

bool JobOnCluster::WaitForOutput(const std::string& name) {
  const std::string output = folder_ + "/cluster-out";
  Check(RealFiles().MakeFolder(output));
  const int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (watch < 0 || inotify_add_watch(watch, output.c_str(), IN_CREATE | IN_MOVED_TO) < 0) {
    throw std::runtime_error("cannot watch " + output);
  }
  const absl::Duration deadline = RealClock().Now() + kPatience;
  bool there = false;
  while (!there && RealClock().Now() < deadline) {
    there = access((output + "/" + name).c_str(), F_OK) == 0;
    pollfd event{watch, POLLIN, 0};
    if (!there) poll(&event, 1, 1000);
    char events[4096];
    (void)!read(watch, events, sizeof events);
  }
  close(watch);
  return there;
}

v1::JobStatus JobOnCluster::WaitForCopies() {
  return WaitUntil("second copies", [](const v1::JobStatus& status) {
    return status.state() >= v1::TRAINING && status.slots_without_backup() == 0;
  });
}

v1::JobStatus JobOnCluster::WaitForWarnings(int warnings) {
  return WaitUntil("a warning", [&](const v1::JobStatus& status) { return status.warnings_size() >= warnings; });
}

v1::JobStatus JobOnCluster::WaitForEnd() {
  return WaitUntil("the end", [](const v1::JobStatus&) { return false; });
}

void CheckDone(const v1::JobStatus& status, const std::string& sha256) {
  INFO(status.message());
  REQUIRE(status.state() == v1::DONE);
  CHECK(status.parameters_sha256() == sha256);
}

}  // namespace pumasi
