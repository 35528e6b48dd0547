#include "tools/chaos/chaos_run.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/clock.h"
#include "common/file.h"
#include "common/shutdown.h"
#include "tools/chaos/burners.h"
#include "tools/chaos/cluster_watch.h"
#include "tools/chaos/job_watch.h"
#include "tools/chaos/small_disk.h"
#include "tools/cli/audit_report.h"
#include "tools/cli/job_report.h"
#include "tools/cli/scheduler_link.h"

namespace pumasi {
namespace {

// At most so long without a look at Ctrl-C and at the cluster.
constexpr absl::Duration kLook = absl::Milliseconds(20);
constexpr uint32_t kAuditPage = 1000;  // batches
constexpr double kCallSeconds = 30, kWatchSeconds = 0.3;
// Speed is measured after the first batches: workers start one after the other.
constexpr double kWarmUp = 2;

absl::StatusOr<std::unique_ptr<SchedulerLink>> LinkTo(const EmbeddedCluster& cluster, const ChaosRun& run,
                                                      double timeout) {
  v1::ClientConfig config;
  config.set_scheduler(cluster.scheduler_address());
  config.set_timeout(timeout);
  if (run.hosts != nullptr) *config.mutable_tls() = run.hosts->client_tls();
  return SchedulerLink::Open(config);
}

std::string OutputOf(const ChaosRun& run) { return run.folder + "/output"; }

absl::StatusOr<std::string> Submit(SchedulerLink& link, const ChaosRun& run) {
  v1::SubmitRequest request;
  *request.mutable_job() = run.job.job;
  request.set_base(run.job.base);
  request.set_output(OutputOf(run));
  request.set_servers(run.servers);
  request.set_workers(run.workers);
  return link.Submit(request);
}

// How fast it was from the end of the warm-up to now, once that is `measure_for` ago.
class Speed {
 public:
  explicit Speed(double measure_for) : measure_for_(measure_for) {}
  std::optional<double> Saw(const JobWatch::Point& batch) {
    if (measure_for_ == 0 || batch.version == 0) return std::nullopt;
    if (first_.version == 0) first_ = batch;
    if (from_.version == 0 && batch.at - first_.at >= kWarmUp) from_ = batch;
    if (from_.version == 0 || batch.at - from_.at < measure_for_) return std::nullopt;
    return static_cast<double>(batch.version - from_.version) / (batch.at - from_.at);
  }

 private:
  const double measure_for_;
  JobWatch::Point first_, from_;
};

absl::Status TooLate(const ChaosRun& run, const v1::JobStatus& status) {
  return absl::DeadlineExceededError(absl::StrCat("the job did not end within ", run.deadline, " s; it is ",
                                                  StateName(status.state()), " after ", status.progress().version(),
                                                  " of ", status.total_batches(), " batches: ", status.message(),
                                                  "; logs: ", run.folder, "/logs"));
}

// Until the job ends, or its speed is known; disturbs meanwhile if there is a scenario. Heals at the end, whatever that
// is.
absl::Status Disturb(EmbeddedCluster& cluster, SchedulerLink& watch_link, JobWatch& watch, const std::string& job_id,
                     const ChaosRun& run, SmallDisk* disk, absl::Duration deadline, const Scenario::Say& say,
                     ChaosOutcome* outcome) {
  const absl::Duration start = RealClock().Now();
  outcome->start = absl::ToDoubleSeconds(start);
  const auto elapsed = [&] { return absl::ToDoubleSeconds(RealClock().Now() - start); };
  const Burners burners(run.burners);
  ClusterWatch cluster_watch(watch_link, job_id, start);
  std::unique_ptr<Scenario> scenario;
  if (run.scenario) scenario = run.scenario({cluster, run.hosts, say, disk});
  Speed speed(run.measure_for);
  absl::Status status;
  while (status.ok() && !Ended(outcome->status.state())) {
    const absl::Duration now = RealClock().Now();
    if (Shutdown::Install().Requested()) {
      status = absl::CancelledError("interrupted");
    } else if (now > deadline) {
      status = TooLate(run, outcome->status);
    } else if (auto batches_per_s = speed.Saw(watch.last_batch())) {
      outcome->batches_per_s = *batches_per_s;
      break;
    } else if (scenario != nullptr && outcome->healed_at == 0 && elapsed() > run.disturb_for) {
      outcome->healed_at = elapsed();
      outcome->healed_version = outcome->status.progress().version();
      status = scenario->Heal(elapsed());
    } else if (scenario != nullptr) {
      status = scenario->Step(elapsed(), cluster_watch.view());
    }
    absl::Duration next = std::min(deadline, RealClock().Now() + kLook);
    if (scenario != nullptr) next = std::min(next, start + absl::Seconds(std::min(scenario->Next(), 1e9)));
    if (status.ok()) outcome->status = watch.WaitUntil(next);
  }
  if (scenario != nullptr) {
    absl::Status heal = scenario->Heal(elapsed());
    if (status.ok()) status = heal;
    outcome->seen = scenario->seen();
  }
  outcome->deaths = cluster_watch.deaths();
  return status;
}

// The sums in `outcome`, and whether each batch is right.
absl::Status Audit(SchedulerLink& link, const std::string& job_id, ChaosOutcome* outcome) {
  uint64_t next = 0;
  while (true) {
    auto page = link.Audit(job_id, next, kAuditPage);
    if (!page.ok()) return page.status();
    outcome->exact = CheckAudit(*page);
    for (const v1::AuditBatch& batch : page->batches()) {
      outcome->batches_alone += std::any_of(batch.units().begin(), batch.units().end(),
                                            [](const v1::AuditBatch::Unit& unit) { return unit.token() == 0; });
    }
    const bool last = page->batches().empty();
    if (!last) next = page->batches().rbegin()->version() + 1;
    page->clear_batches();
    outcome->audit = *std::move(page);
    if (last || !outcome->exact.ok()) return absl::OkStatus();
  }
}

}  // namespace

absl::StatusOr<ChaosOutcome> RunWithFaults(const ChaosRun& run, const Scenario::Say& say) {
  if (absl::Status status = RealFiles().MakeFolder(run.folder); !status.ok()) return status;
  // Before the cluster, whose processes have to see it.
  std::unique_ptr<SmallDisk> disk;
  if (run.disk > 0) {
    auto made = SmallDisk::Make(OutputOf(run), run.disk);
    if (!made.ok()) return made.status();
    disk = *std::move(made);
  }
  const absl::Duration deadline = RealClock().Now() + absl::Seconds(run.deadline);
  EmbeddedCluster::Options options;
  options.servers = run.servers;
  options.workers = run.workers;
  options.logs = run.folder + "/logs";
  options.cache = run.cache;
  options.store = run.folder + "/scheduler.db";
  if (run.hosts != nullptr) options.host_of = [&run](const std::string& name) { return run.hosts->HostOf(name); };
  auto cluster = EmbeddedCluster::Start(options);
  if (!cluster.ok()) return cluster.status();
  auto link = LinkTo(**cluster, run, kCallSeconds), job_link = LinkTo(**cluster, run, kCallSeconds),
       watch_link = LinkTo(**cluster, run, kWatchSeconds);
  for (const auto* each : {&link, &job_link, &watch_link}) {
    if (!each->ok()) return each->status();
  }
  auto job_id = Submit(**link, run);
  if (!job_id.ok()) return job_id.status();

  ChaosOutcome outcome;
  {
    JobWatch watch(**job_link, *job_id);
    // The data are read first: a job that does not train yet has nothing to lose.
    while (!Shutdown::Install().Requested() && RealClock().Now() < deadline) {
      outcome.status = watch.WaitUntil(RealClock().Now() + kLook, /*for_training=*/true);
      if (outcome.status.state() >= v1::TRAINING) break;
    }
    absl::Status status = Disturb(**cluster, **watch_link, watch, *job_id, run, disk.get(), deadline, say, &outcome);
    if (!status.ok()) return status;
    if (run.measure_for > 0 && !Ended(outcome.status.state())) {
      if (status = (*link)->Cancel(*job_id); !status.ok()) return status;
    }
    outcome.seconds = watch.seconds();
    outcome.stalls = watch.stalls();
  }
  if (run.measure_for == 0) {
    if (absl::Status status = Audit(**link, *job_id, &outcome); !status.ok()) return status;
  }
  // Hung up first: a scheduler on its way down would wait for the connections to be closed.
  for (auto* each : {&link, &job_link, &watch_link}) (*each)->reset();
  (*cluster)->Stop();
  return outcome;
}

}  // namespace pumasi
