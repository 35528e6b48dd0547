// The commands about a running cluster's jobs.
#include <cstdio>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/exit_code.h"
#include "common/shutdown.h"
#include "tools/cli/commands.h"
#include "tools/cli/job_file.h"
#include "tools/cli/job_report.h"
#include "tools/cli/profile_report.h"
#include "tools/cli/profile_view.h"
#include "tools/cli/progress_bar.h"
#include "tools/cli/scheduler_link.h"
#include "tools/cli/trace_file.h"

namespace pumasi {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(200);
constexpr absl::Duration kPoll = absl::Seconds(1);

}  // namespace

int PrintError(const absl::Status& status) {
  std::fprintf(stderr, "pumasi: %s\n", std::string(status.message()).c_str());
  return ExitCodeOf(status);
}

int Submit(const SubmitFlags& flags) {
  auto file = LoadJobFile(flags.job_file, flags.set);
  if (!file.ok()) return PrintError(file.status());
  auto link = SchedulerLink::Open(flags.cluster);
  if (!link.ok()) return PrintError(link.status());
  v1::SubmitRequest request;
  *request.mutable_job() = file->job;
  request.set_base(file->base);
  request.set_output(flags.output.empty() ? file->job.name() : flags.output);
  request.set_resume(flags.resume);
  request.set_servers(flags.servers);
  request.set_workers(flags.workers);
  if (flags.trace) request.set_trace_events(kTraceEvents);
  auto job_id = (*link)->Submit(request);
  if (!job_id.ok()) return PrintError(job_id.status());
  Json json;
  json["job"] = *job_id;
  std::printf("%s\n", flags.json ? ToLine(json).c_str() : job_id->c_str());
  return kExitOk;
}

int ListJobs(const JobFlags& flags) {
  auto link = SchedulerLink::Open(flags.cluster);
  if (!link.ok()) return PrintError(link.status());
  auto jobs = (*link)->ListJobs();
  if (!jobs.ok()) return PrintError(jobs.status());
  Json all = Json::array();
  if (!flags.json) std::printf("%-28s %-11s %-9s %10s  %s\n", "JOB", "STATE", "EPOCH", "ROWS/S", "MESSAGE");
  for (const v1::JobStatus& job : *jobs) {
    if (flags.json) {
      all.push_back(JobJson(job, job.wall_seconds()));
      continue;
    }
    const uint32_t epoch = std::min(job.progress().epoch() + 1, job.epochs());
    const std::string safety = SafetyText(job);
    std::printf("%-28s %-11s %-9s %10.0f  %s%s%s\n", job.job_id().c_str(), StateName(job.state()).c_str(),
                absl::StrCat(epoch, "/", job.epochs()).c_str(), job.rows_per_s(), job.message().c_str(),
                job.message().empty() || safety.empty() ? "" : "; ", safety.c_str());
  }
  if (flags.json) std::printf("%s\n", ToLine(all).c_str());
  return kExitOk;
}

int Watch(const JobFlags& flags) {
  Shutdown& shutdown = Shutdown::Install();
  auto link = SchedulerLink::Open(flags.cluster);
  if (!link.ok()) return PrintError(link.status());
  if (!flags.trace.empty()) {
    if (absl::Status status = BeginTraceFile(flags.trace); !status.ok()) return PrintError(status);
  }
  ProgressBar bar;
  ProfileView view;
  uint64_t seen = 0;
  while (!shutdown.Requested()) {
    auto status = (*link)->GetJob(flags.job_id, seen, kPoll);
    if (!status.ok()) {
      bar.End();
      return PrintError(status.status());
    }
    seen = status->change();
    if (!Ended(status->state())) {
      view.Show(*status, RealClock().Now());
      bar.Show(*status, RealClock().Now());
      shutdown.WaitFor(kPause);
      continue;
    }
    bar.End();
    std::printf("%s", flags.json ? (ToLine(JobJson(*status, status->wall_seconds())) + "\n").c_str()
                                 : ResultText(*status, status->wall_seconds()).c_str());
    if (!flags.json) std::printf("%s", ProfileText(*status).c_str());
    if (!flags.trace.empty()) {
      if (absl::Status traced = WriteTraceFile(**link, flags.job_id, flags.trace); !traced.ok()) {
        return PrintError(traced);
      }
    }
    return status->state() == v1::DONE ? kExitOk : kExitFailed;
  }
  bar.End();
  return kExitInterrupted;
}

int Cancel(const JobFlags& flags) {
  auto link = SchedulerLink::Open(flags.cluster);
  if (!link.ok()) return PrintError(link.status());
  if (absl::Status status = (*link)->Cancel(flags.job_id); !status.ok()) return PrintError(status);
  Json json;
  json["job"] = flags.job_id;
  json["state"] = "cancelled";
  std::printf("%s\n", flags.json ? ToLine(json).c_str() : absl::StrCat(flags.job_id, ": cancelled").c_str());
  return kExitOk;
}

int Resume(const JobFlags& flags) {
  auto link = SchedulerLink::Open(flags.cluster);
  if (!link.ok()) return PrintError(link.status());
  if (absl::Status status = (*link)->Resume(flags.job_id); !status.ok()) return PrintError(status);
  Json json;
  json["job"] = flags.job_id;
  json["state"] = "resumed";
  std::printf("%s\n", flags.json ? ToLine(json).c_str() : absl::StrCat(flags.job_id, ": resumed").c_str());
  return kExitOk;
}

}  // namespace pumasi
