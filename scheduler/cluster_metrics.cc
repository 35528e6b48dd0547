#include "scheduler/cluster_metrics.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/schema.h"

namespace pumasi {
namespace {

double Number(uint64_t count) { return static_cast<double>(count); }

void AddNodes(const Membership& members, MetricSet* metrics) {
  for (const auto& [name, role] : {std::pair("server", v1::ROLE_SERVER), {"worker", v1::ROLE_WORKER}}) {
    const std::vector<v1::Node> nodes = members.Alive(role);
    const auto draining = std::count_if(nodes.begin(), nodes.end(), [&](const auto& n) { return members.draining(n); });
    for (const auto& [state, count] :
         {std::pair("alive", static_cast<ptrdiff_t>(nodes.size()) - draining), {"draining", draining}}) {
      metrics->Gauge("pumasi_nodes", "Nodes that are alive; draining ones are counted apart.",
                     {{"role", name}, {"state", state}}, static_cast<double>(count));
    }
  }
}

void AddStates(const std::vector<const JobRun*>& jobs, MetricSet* metrics) {
  std::map<v1::JobState, uint64_t> counts;
  for (const JobRun* job : jobs) ++counts[job->state()];
  const auto& states = *v1::JobState_descriptor();
  for (int i = 0; i < states.value_count(); ++i) {
    const auto state = static_cast<v1::JobState>(states.value(i)->number());
    if (state == v1::JOB_STATE_UNSPECIFIED) continue;
    metrics->Gauge("pumasi_jobs", "Jobs that are kept, by state.", {{"state", EnumText(*states.value(i))}},
                   Number(counts[state]));
  }
}

void AddBottleneck(const std::string& id, const v1::Bottleneck& bottleneck, MetricSet* metrics) {
  const auto* kind = v1::Bottleneck::Kind_descriptor()->FindValueByNumber(bottleneck.kind());
  if (kind == nullptr || kind->number() == v1::Bottleneck::KIND_UNSPECIFIED) return;
  metrics->Gauge("pumasi_job_bottleneck_share",
                 "What the job's speed depends on most, and its share of the workers' time, of the whole run.",
                 {{"job", id}, {"kind", EnumText(*kind)}}, bottleneck.share());
}

void AddJob(const JobRun& job, absl::Duration now, MetricSet* metrics) {
  const MetricLabels labels = {{"job", job.id()}};
  const v1::JobStatus status = job.Status(now);
  const v1::AuditResponse audit = job.Audit();
  metrics->Histogram("pumasi_job_batch_seconds", "Time between the ends of two batches of the same epoch.", labels,
                     job.batch_times().histogram());
  metrics->Gauge("pumasi_job_batches", "Batches of the whole job.", labels, Number(status.total_batches()));
  metrics->Gauge("pumasi_job_batches_done", "Batches that are done; falls where the job goes back to a checkpoint.",
                 labels, Number(status.progress().version()));
  metrics->Gauge("pumasi_job_rows_done", "Rows that were trained in this run; likewise.", labels,
                 Number(status.samples()));
  metrics->Gauge("pumasi_job_recent_loss", "Mean loss of the last up to 50 batches.", labels, status.recent_loss());
  for (const auto& [name, bytes] :
       {std::pair("pulled", status.use().bytes_pulled()), {"pushed", status.use().bytes_pushed()}}) {
    metrics->Counter("pumasi_job_bytes_total", "Bytes of messages between all workers and servers.",
                     {{"job", job.id()}, {"direction", name}}, Number(bytes));
  }
  metrics->Counter("pumasi_job_leases_total", "Leases that were given.", labels, Number(audit.leases()));
  metrics->Counter("pumasi_job_repeated_results_total", "Results that came for parts that were done already.", labels,
                   Number(audit.repeated_results()));
  metrics->Counter("pumasi_job_undone_batches_total", "Batches that a return to a checkpoint undid.", labels,
                   Number(audit.undone_batches()));
  metrics->Gauge("pumasi_job_generation", "Raised with each return to a checkpoint.", labels,
                 Number(status.generation()));
  metrics->Gauge("pumasi_job_layout_epoch", "Raised with each change of who holds which slot.", labels,
                 Number(status.layout_epoch()));
  metrics->Gauge("pumasi_job_slots_without_backup", "Slots with fewer copies than the job asks for.", labels,
                 status.slots_without_backup());
  metrics->Gauge("pumasi_job_warnings", "Warnings in the job's status.", labels, status.warnings_size());
  AddBottleneck(job.id(), status.bottleneck(), metrics);
}

}  // namespace

void AddClusterMetrics(const Cluster& cluster, absl::Duration now, MetricSet* metrics) {
  AddNodes(cluster.members(), metrics);
  const std::vector<const JobRun*> jobs = cluster.jobs();
  AddStates(jobs, metrics);
  auto ended =
      static_cast<size_t>(std::count_if(jobs.begin(), jobs.end(), [](const auto* job) { return job->ended(); }));
  for (const JobRun* job : jobs) {
    if (job->ended() && ended-- > kEndedJobsShown) continue;
    AddJob(*job, now, metrics);
  }
}

}  // namespace pumasi
