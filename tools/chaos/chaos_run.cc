#include "tools/chaos/chaos_run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/shutdown.h"
#include "tools/chaos/job_watch.h"
#include "tools/cli/audit_report.h"
#include "tools/cli/job_report.h"
#include "tools/cli/scheduler_link.h"

namespace pumasi {
namespace {

// At most so long without a look at Ctrl-C.
constexpr absl::Duration kLook = absl::Milliseconds(200);
constexpr uint32_t kAuditPage = 1000;  // batches
constexpr double kCallSeconds = 30;

absl::StatusOr<std::unique_ptr<SchedulerLink>> LinkTo(const EmbeddedCluster& cluster) {
  v1::ClientConfig config;
  config.set_scheduler(cluster.scheduler_address());
  config.set_timeout(kCallSeconds);
  return SchedulerLink::Open(config);
}

absl::StatusOr<std::string> Submit(SchedulerLink& link, const ChaosRun& run) {
  v1::SubmitRequest request;
  *request.mutable_job() = run.job.job;
  request.set_base(run.job.base);
  request.set_output(run.folder + "/output");
  request.set_servers(run.servers);
  request.set_workers(run.workers);
  return link.Submit(request);
}

// Until the job ends, disturbing meanwhile if there is a plan. Heals at the end, whatever that is.
absl::Status Disturb(EmbeddedCluster& cluster, JobWatch& watch, const ChaosRun& run, absl::Duration deadline,
                     const Disturber::Say& say, ChaosOutcome* outcome) {
  const absl::Duration start = RealClock().Now();
  const auto elapsed = [&] { return absl::ToDoubleSeconds(RealClock().Now() - start); };
  std::optional<Disturber> disturber;
  if (run.plan.has_value()) disturber.emplace(cluster, *run.plan, say);
  bool healed = false;
  absl::Status status;
  while (status.ok() && !Ended(outcome->status.state())) {
    const absl::Duration now = RealClock().Now();
    if (Shutdown::Install().Requested()) {
      status = absl::CancelledError("interrupted");
    } else if (now > deadline) {
      status = absl::DeadlineExceededError(
          absl::StrCat("the job did not end within ", run.deadline, " s; it is ", StateName(outcome->status.state()),
                       " after ", outcome->status.progress().version(), " of ", outcome->status.total_batches(),
                       " batches: ", outcome->status.message(), "; logs: ", run.folder, "/logs"));
    } else if (disturber.has_value() && !healed && elapsed() > run.disturb_for) {
      healed = true;
      status = disturber->Heal(elapsed());
    } else if (disturber.has_value()) {
      status = disturber->Step(elapsed());
    }
    absl::Duration next = std::min(deadline, RealClock().Now() + kLook);
    if (disturber.has_value()) next = std::min(next, start + absl::Seconds(std::min(disturber->Next(), 1e9)));
    if (status.ok()) outcome->status = watch.WaitUntil(next);
  }
  if (disturber.has_value()) {
    absl::Status heal = disturber->Heal(elapsed());
    if (status.ok()) status = heal;
    outcome->faults = disturber->done();
    outcome->ended_by_themselves = disturber->ended_by_themselves();
  }
  return status;
}

// The sums in `outcome`, and whether each batch is right.
absl::Status Audit(SchedulerLink& link, const std::string& job_id, ChaosOutcome* outcome) {
  uint64_t next = 0;
  while (true) {
    auto page = link.Audit(job_id, next, kAuditPage);
    if (!page.ok()) return page.status();
    outcome->exact = CheckAudit(*page);
    const bool last = page->batches().empty();
    if (!last) next = page->batches().rbegin()->version() + 1;
    page->clear_batches();
    outcome->audit = *std::move(page);
    if (last || !outcome->exact.ok()) return absl::OkStatus();
  }
}

}  // namespace

absl::StatusOr<ChaosOutcome> RunWithFaults(const ChaosRun& run, const Disturber::Say& say) {
  if (absl::Status status = RealFiles().MakeFolder(run.folder); !status.ok()) return status;
  const absl::Duration deadline = RealClock().Now() + absl::Seconds(run.deadline);
  EmbeddedCluster::Options options;
  options.servers = run.servers;
  options.workers = run.workers;
  options.logs = run.folder + "/logs";
  options.cache = run.cache;
  options.store = run.folder + "/scheduler.db";
  auto cluster = EmbeddedCluster::Start(options);
  if (!cluster.ok()) return cluster.status();
  auto link = LinkTo(**cluster), watch_link = LinkTo(**cluster);
  if (!link.ok()) return link.status();
  if (!watch_link.ok()) return watch_link.status();
  auto job_id = Submit(**link, run);
  if (!job_id.ok()) return job_id.status();

  ChaosOutcome outcome;
  {
    JobWatch watch(**watch_link, *job_id);
    // The data are read first: a job that does not train yet has nothing to lose.
    while (!Shutdown::Install().Requested() && RealClock().Now() < deadline) {
      outcome.status = watch.WaitUntil(RealClock().Now() + kLook, /*for_training=*/true);
      if (outcome.status.state() >= v1::TRAINING) break;
    }
    if (absl::Status status = Disturb(**cluster, watch, run, deadline, say, &outcome); !status.ok()) return status;
    outcome.seconds = watch.seconds();
    outcome.stalls = watch.stalls();
  }
  if (absl::Status status = Audit(**link, *job_id, &outcome); !status.ok()) return status;
  // Hung up first: a scheduler on its way down would wait for the connections to be closed.
  link->reset();
  watch_link->reset();
  (*cluster)->Stop();
  return outcome;
}

}  // namespace pumasi
