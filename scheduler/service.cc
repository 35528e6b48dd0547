#include "scheduler/service.h"

#include <chrono>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/failpoint.h"
#include "common/log.h"
#include "common/rpc_error.h"
#include "scheduler/cluster_metrics.h"
#include "scheduler/log_folder.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;

constexpr char kLabelsName[] = "labels.txt";

}  // namespace

absl::StatusOr<std::unique_ptr<SchedulerService>> SchedulerService::Create(const Options& options, const Clock& clock,
                                                                           Files& files, Store& store) {
  std::unique_ptr<SchedulerService> service(new SchedulerService(options, clock, files, store));
  if (absl::Status status = service->Restore(); !status.ok()) return status;
  service->deadlines_ = std::thread([raw = service.get()] { raw->WatchDeadlines(); });
  service->checkpoints_ = std::thread([raw = service.get()] { raw->CompleteCheckpoints(); });
  service->logs_ = std::thread([raw = service.get()] { raw->AnswerLogQuestions(); });
  return service;
}

SchedulerService::SchedulerService(const Options& options, const Clock& clock, Files& files, Store& store)
    : options_(options),
      clock_(clock),
      time_(clock, Cluster::kTick),
      files_(files),
      store_(store),
      cluster_(options.cluster) {}

absl::Status SchedulerService::Restore() {
  std::lock_guard lock(mutex_);
  std::vector<StoreEntry> entries;
  for (const char* prefix : Cluster::kRecordPrefixes) {
    auto some = store_.List(prefix);
    if (!some.ok()) return some.status();
    entries.insert(entries.end(), std::make_move_iterator(some->begin()), std::make_move_iterator(some->end()));
  }
  if (absl::Status status = cluster_.Restore(entries, time_.Now()); !status.ok()) return status;
  for (const JobRun* job : cluster_.jobs()) {
    auto labels = store_.List(AssetPrefix(job->id()) + kLabelsName);
    if (!labels.ok()) return labels.status();
    Assets assets;
    for (StoreEntry& entry : *labels) assets[kLabelsName] = std::move(entry.value);
    labels_[job->id()] = LabelsOf(assets);
    logged_[job->id()] = job->state();
  }
  if (!cluster_.jobs().empty() || !cluster_.members().alive().empty()) {
    Log(Severity::kInfo, "goes on with what the store holds",
        {{"jobs", cluster_.jobs().size()}, {"nodes", cluster_.members().alive().size()}});
  }
  return Commit();
}

SchedulerService::~SchedulerService() { Stop(); }

void SchedulerService::Stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    deadline_wake_.notify_all();
    checkpoint_wake_.notify_all();
  }
  heartbeats_.Close();
  leases_.Close();
  watchers_.Close();
  together_.Close();
  if (deadlines_.joinable()) deadlines_.join();
  if (checkpoints_.joinable()) checkpoints_.join();
  if (logs_.joinable()) logs_.join();
}

absl::Status SchedulerService::Commit() {
  const absl::Duration now = time_.Now();
  cluster_.JobChanged(now);
  const auto commit = cluster_.TakeCommit(now);
  if (!commit) return absl::OkStatus();
  // Not in living time: a disk that hangs shows.
  const absl::Duration begin = clock_.Now();
  const absl::Status status = store_.Commit(commit->batch, commit->durability);
  counts_.commits.Add(clock_.Now() - begin);
  counts_.failed_commits += !status.ok();
  cluster_.CommitDone(status, now);
  if (status.ok() != store_works_) {
    Log(status.ok() ? Severity::kInfo : Severity::kError,
        status.ok() ? std::string("the store works again")
                    : absl::StrCat("the store does not take changes: ", std::string(status.message())));
  }
  store_works_ = status.ok();
  if (status.ok()) CleanUp();
  if (cluster_.durable()) return absl::OkStatus();
  return DetailedError(v1::ErrorDetail::NOT_DURABLE,
                       absl::StrCat("the scheduler could not store its state: ", std::string(status.message())));
}

void SchedulerService::CleanUp() {
  for (const std::string& id : cluster_.TakeForgotten()) {
    // What is left behind by an error is only litter.
    for (const std::string& prefix : {AssetPrefix(id), AuditPrefix(id)}) {
      auto entries = store_.List(prefix);
      if (!entries.ok()) continue;
      StoreBatch batch;
      for (const StoreEntry& entry : *entries) batch.Delete(entry.key);
      (void)store_.Commit(batch, Durability::kOrdered);
    }
  }
}

absl::Status SchedulerService::Changed() {
  const absl::Status kept = Commit();
  const absl::Duration now = time_.Now();
  for (const JobRun* job : cluster_.jobs()) {
    v1::JobState& logged = logged_[job->id()];
    if (logged == job->state()) continue;
    logged = job->state();
    const v1::JobStatus status = job->Status(now);
    Log(logged == v1::FAILED ? Severity::kError : Severity::kInfo,
        absl::StrCat(v1::JobState_Name(logged), status.message().empty() ? "" : ": ", status.message()),
        {{"job", job->id()}, {"epoch", status.progress().epoch()}});
    if (job->ended()) assets_.erase(job->id());
  }
  if (const uint64_t change = cluster_.AssignmentChange(); change != woken_change_) {
    woken_change_ = change;
    heartbeats_.Retry();
  }
  leases_.Retry();
  watchers_.Retry();
  together_.Retry();
  if (cluster_.HasFileWork()) checkpoint_wake_.notify_all();
  return kept;
}

absl::Status SchedulerService::Told(absl::Status status, absl::Status kept) const {
  return kept.ok() || cluster_.MayTell(status) ? std::move(status) : std::move(kept);
}

absl::StatusOr<Assets> SchedulerService::AssetsOf(const std::string& job_id) {
  if (const auto known = assets_.find(job_id); known != assets_.end()) return known->second;
  auto entries = store_.List(AssetPrefix(job_id));
  if (!entries.ok()) return entries.status();
  Assets& assets = assets_[job_id];
  for (StoreEntry& entry : *entries) assets[entry.key.substr(AssetPrefix(job_id).size())] = std::move(entry.value);
  return assets;
}

SchedulerService::Reactor* SchedulerService::Serve(Context* context,
                                                   const std::function<absl::Status(absl::Duration)>& event) {
  Reactor* reactor = context->DefaultReactor();
  absl::Status status = PUMASI_FAILPOINT("scheduler.call.received");
  if (status.ok()) {
    std::lock_guard lock(mutex_);
    status = event(time_.Now());
    status = Told(std::move(status), Changed());
  }
  reactor->Finish(ToGrpc(status));
  return reactor;
}

void SchedulerService::AddMetrics(MetricSet* metrics) {
  std::lock_guard lock(mutex_);
  AddClusterMetrics(cluster_, time_.Now(), metrics);
  const auto number = [](uint64_t count) { return static_cast<double>(count); };
  for (const auto& [how, nodes] : {std::pair("died", counts_.died), {"left", counts_.left}}) {
    metrics->Counter("pumasi_node_deaths_total", "Nodes that were declared dead, or left on purpose.", {{"how", how}},
                     number(nodes));
  }
  metrics->Histogram("pumasi_scheduler_commit_seconds", "How long the store took for a change.", {}, counts_.commits);
  metrics->Counter("pumasi_scheduler_failed_commits_total", "Changes that the store did not take.", {},
                   number(counts_.failed_commits));
}

void SchedulerService::WatchDeadlines() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const absl::Duration now = time_.Now();
    const absl::Duration wait = std::max(cluster_.NextDeadline(now) - now, absl::Milliseconds(1));
    deadline_wake_.wait_for(lock, absl::ToChronoMilliseconds(wait) + milliseconds(1));
    if (stopped_) return;
    const auto deaths = cluster_.Tick(time_.Now());
    for (const auto& death : deaths) {
      latest_heartbeat_.erase(death.node.incarnation());
      ++(death.left ? counts_.left : counts_.died);
      Log(death.left ? Severity::kInfo : Severity::kWarn,
          death.left ? std::string("node left") : absl::StrCat("node died: ", death.reason),
          {{"peer", death.node.name()}, {"address", death.node.address()}});
    }
    // What could not be stored is tried again, and units may be late by now.
    const bool durable = cluster_.durable();
    const uint64_t change = cluster_.AssignmentChange();
    if (!deaths.empty() || change != woken_change_ || !durable) {
      (void)Changed();
    } else {
      (void)Commit();
      leases_.Retry();
    }
  }
}

void SchedulerService::CompleteCheckpoints() {
  std::unique_lock lock(mutex_);
  while (true) {
    auto next = cluster_.TakeCheckpoint();
    if (!next) {
      if (stopped_) return;
      checkpoint_wake_.wait_for(lock, std::chrono::seconds(1));
      continue;
    }
    const auto& [job_id, checkpoint] = *next;
    auto job = cluster_.Find(job_id);
    if (!job.ok()) continue;
    const std::string output = (*job)->spec().output;
    const absl::StatusOr<Assets> assets = AssetsOf(job_id);
    lock.unlock();
    auto hash = assets.ok() ? CompleteCheckpoint(files_, output, checkpoint, *assets)
                            : absl::StatusOr<std::string>(assets.status());
    Log(hash.ok() ? Severity::kInfo : Severity::kWarn,
        hash.ok() ? absl::StrCat("checkpoint ", checkpoint.name, " written")
                  : absl::StrCat("checkpoint ", checkpoint.name, " failed: ", hash.status().message()),
        {{"job", job_id}, {"epoch", checkpoint.manifest.progress().epoch()}});
    lock.lock();
    job = cluster_.Find(job_id);
    if (job.ok()) (*job)->CheckpointFinished(checkpoint.folder, hash.status(), hash.ok() ? *hash : "", time_.Now());
    const absl::Status kept = Changed();
    // Not one that the job went back behind meanwhile: what it goes on from is older.
    job = cluster_.Find(job_id);
    if (!hash.ok() || !kept.ok() || !job.ok() || !(*job)->GoesOnFrom(checkpoint.name)) continue;
    lock.unlock();
    if (!checkpoint.final) RemoveOldCheckpoints(files_, output, checkpoint.name, checkpoint.keep);
    TrimLog(files_, checkpoint);
    lock.lock();
  }
}

void SchedulerService::AnswerLogQuestions() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    const auto next = cluster_.TakeLogQuestion();
    if (!next) {
      checkpoint_wake_.wait_for(lock, std::chrono::seconds(1));
      continue;
    }
    const auto& [job_id, question] = *next;
    lock.unlock();
    const absl::StatusOr<uint64_t> end = EndOfLog(files_, question);
    Log(end.ok() ? Severity::kInfo : Severity::kWarn,
        end.ok() ? absl::StrCat("the log reaches to batch ", *end)
                 : absl::StrCat("the log could not be read: ", std::string(end.status().message())),
        {{"job", job_id}});
    lock.lock();
    if (auto job = cluster_.Find(job_id); job.ok()) (*job)->LogRead(question.number, end, time_.Now());
    (void)Changed();
  }
}

}  // namespace pumasi
