// pumasi train: a cluster on this machine for one job.
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/exit_code.h"
#include "common/file.h"
#include "common/job_mode.h"
#include "common/shutdown.h"
#include "tools/cli/commands.h"
#include "tools/cli/embedded_cluster.h"
#include "tools/cli/job_file.h"
#include "tools/cli/job_report.h"
#include "tools/cli/link_flag.h"
#include "tools/cli/process_use.h"
#include "tools/cli/profile_report.h"
#include "tools/cli/profile_view.h"
#include "tools/cli/progress_bar.h"
#include "tools/cli/run_record.h"
#include "tools/cli/scheduler_link.h"
#include "tools/cli/trace_file.h"
#include "tools/hosts/cluster_hosts.h"

namespace pumasi {
namespace {

// The daemons of this machine are up in well under a second; a slow or overloaded machine gets more.
constexpr absl::Duration kStartWithin = absl::Seconds(30);
constexpr absl::Duration kPause = absl::Milliseconds(50);
constexpr absl::Duration kPoll = absl::Milliseconds(250);

absl::StatusOr<std::string> Absolute(const std::string& path) {
  if (!path.empty() && path[0] == '/') return path;
  char here[PATH_MAX];
  if (getcwd(here, sizeof here) == nullptr) return absl::InternalError("cannot tell the current folder");
  return path.empty() ? std::string() : absl::StrCat(here, "/", path);
}

std::map<std::string, ProcessUse> UseOf(EmbeddedCluster& cluster) {
  std::map<std::string, ProcessUse> uses;
  for (const std::string& name : cluster.Names()) {
    if (const auto use = ReadProcessUse(cluster.Find(name)->pid())) uses[name] = *use;
  }
  return uses;
}

// Follows the job until it ends, or the user or the cluster's death ends it.
absl::StatusOr<v1::JobStatus> Follow(SchedulerLink& link, EmbeddedCluster& cluster, const std::string& job_id,
                                     bool quiet, bool profile, RunRecord* record) {
  const absl::Duration start = RealClock().Now();
  ProgressBar bar;
  ProfileView view;
  v1::JobStatus status;
  while (true) {
    if (Shutdown::Install().Requested()) {
      bar.End();
      (void)link.Cancel(job_id);
      return absl::CancelledError("interrupted; the job was cancelled");
    }
    if (!cluster.SchedulerRuns()) {
      bar.End();
      return absl::InternalError(absl::StrCat("the scheduler died: ", cluster.Casualty()));
    }
    auto next = link.GetJob(job_id, status.change(), kPoll);
    if (!next.ok()) {
      bar.End();
      return next.status();
    }
    status = *std::move(next);
    const absl::Duration now = RealClock().Now();
    record->See(status);
    if (Ended(status.state()) || record->WantsProcesses(status, now)) {
      record->SeeProcesses(status, now, UseOf(cluster));
    }
    if (Ended(status.state())) {
      bar.End();
      return status;
    }
    if (!quiet && profile) view.Show(status, now);
    if (!quiet) bar.Show(status, now);
    // A job changes with every batch; asking that often would take time from those who compute.
    Shutdown::Install().WaitFor(kPause);
    if (status.state() == v1::QUEUED && now - start > kStartWithin) {
      bar.End();
      std::string casualties;
      for (std::string dead = cluster.Casualty(); !dead.empty(); dead = cluster.Casualty())
        absl::StrAppend(&casualties, "; ", dead);
      return absl::DeadlineExceededError(absl::StrCat("the cluster did not come up: ", status.message(), casualties));
    }
  }
}

// Says so where devices would have nothing to do.
void NoteIdleDevices(const TrainFlags& flags, const v1::Job& job) {
  const uint64_t devices = uint64_t{flags.workers} * flags.devices;
  if (flags.devices < 2 || devices <= job.micro_batches()) return;
  std::fprintf(stderr, "pumasi: a batch has %u parts (micro_batches), so at most %u of the %llu devices compute\n",
               job.micro_batches(), job.micro_batches(), static_cast<unsigned long long>(devices));
}

absl::StatusOr<std::unique_ptr<ClusterHosts>> HostsOnLinks(const TrainFlags& flags, uint64_t bits_per_s,
                                                           uint32_t servers, const std::string& output) {
  auto hosts = ClusterHosts::Make(servers, flags.workers, output + "/logs", bits_per_s);
  if (hosts.ok()) return hosts;
  return absl::Status(hosts.status().code(), absl::StrCat("--link: ", hosts.status().message()));
}

}  // namespace

int Train(const TrainFlags& flags) {
  Shutdown& shutdown = Shutdown::Install();
  const absl::Duration start = RealClock().Now();
  auto file = LoadJobFile(flags.job_file, flags.set);
  if (!file.ok()) return PrintError(file.status());
  const auto rate = ReadLinkFlag(flags.link);
  if (!rate.ok()) return PrintError(rate.status());
  const bool needs_servers = ServersHoldSlots(file->job);
  const uint32_t servers = flags.servers.value_or(needs_servers ? 2 : 0);
  if (needs_servers && servers == 0) {
    return PrintError(
        absl::InvalidArgumentError("--servers 0: servers hold the parameters of this job; give it at least "
                                   "one, or set mode: allreduce"));
  }
  const std::string output_flag = flags.output.empty() ? absl::StrCat("pumasi-runs/", file->job.name()) : flags.output;
  auto output = Absolute(output_flag), resume = Absolute(flags.resume), cache = Absolute(flags.cache);
  if (!output.ok()) return PrintError(output.status());
  if (absl::Status status = RealFiles().MakeFolder(*output); !status.ok()) return PrintError(status);
  // One of an earlier run would speak of that.
  const std::string run_file = *output + "/run.json";
  if (absl::Status status = RealFiles().Remove(run_file); !status.ok() && !absl::IsNotFound(status)) {
    return PrintError(status);
  }
  if (!flags.trace.empty()) {
    if (absl::Status status = BeginTraceFile(flags.trace); !status.ok()) return PrintError(status);
  }

  NoteIdleDevices(flags, file->job);
  // Before anything that starts threads, which have to be on the network, too.
  std::unique_ptr<ClusterHosts> hosts;
  if (!flags.link.empty()) {
    auto made = HostsOnLinks(flags, *rate, servers, *output);
    if (!made.ok()) return PrintError(made.status());
    hosts = *std::move(made);
  }
  EmbeddedCluster::Options options;
  if (hosts != nullptr) options.host_of = [&hosts](const std::string& name) { return hosts->HostOf(name); };
  options.servers = servers;
  options.workers = flags.workers;
  options.devices = flags.devices;
  options.logs = *output + "/logs";
  options.cache = *cache;
  auto cluster = EmbeddedCluster::Start(options);
  if (!cluster.ok()) return PrintError(cluster.status());
  v1::ClientConfig config;
  config.set_scheduler((*cluster)->scheduler_address());
  config.set_timeout(absl::ToDoubleSeconds(kStartWithin));
  if (hosts != nullptr) *config.mutable_tls() = hosts->client_tls();
  auto link = SchedulerLink::Open(config);
  if (!link.ok()) return PrintError(link.status());

  v1::SubmitRequest request;
  *request.mutable_job() = file->job;
  request.set_base(file->base);
  request.set_output(*output);
  request.set_resume(*resume);
  request.set_servers(servers);
  request.set_workers(flags.workers);
  if (!flags.trace.empty()) request.set_trace_events(kTraceEvents);
  auto job_id = (*link)->Submit(request);
  if (!job_id.ok()) return shutdown.Requested() ? int{kExitInterrupted} : PrintError(job_id.status());
  RunRecord record;
  auto status = Follow(**link, **cluster, *job_id, flags.json && !isatty(STDERR_FILENO), flags.profile, &record);
  absl::Status traced;
  if (status.ok() && !flags.trace.empty()) traced = WriteTraceFile(**link, *job_id, flags.trace);
  // Hung up first: a scheduler on its way down would wait for the connection to be closed.
  link->reset();
  (*cluster)->Stop();
  if (!status.ok()) {
    PrintError(status.status());
    if (shutdown.Requested()) return kExitInterrupted;
    std::fprintf(stderr, "logs: %s\n", options.logs.c_str());
    return ExitCodeOf(status.status());
  }
  const double wall = absl::ToDoubleSeconds(RealClock().Now() - start);
  std::printf("%s", flags.json ? (ToLine(JobJson(*status, wall)) + "\n").c_str() : ResultText(*status, wall).c_str());
  if (flags.profile && !flags.json) std::printf("%s", ProfileText(*status).c_str());
  // The model is there all the same: that run.json is not is told, and fails nothing.
  nlohmann::json run = record.ToJson(file->job, *status, wall, UsableCores());
  run["devices"] = flags.devices;
  if (!flags.link.empty()) run["link"] = flags.link;
  absl::Status written = WriteFileDurably(RealFiles(), run_file, ToLine(run) + "\n");
  for (const absl::Status& wrong : {traced, written}) {
    if (!wrong.ok()) PrintError(wrong);
  }
  if (status->state() == v1::DONE) return traced.ok() ? int{kExitOk} : ExitCodeOf(traced);
  std::fprintf(stderr, "pumasi: job %s %s: %s\nlogs: %s\n", status->job_id().c_str(),
               StateName(status->state()).c_str(), status->message().c_str(), options.logs.c_str());
  return kExitFailed;
}

}  // namespace pumasi
