// JobRun and its records: what a scheduler that starts again needs to go on.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "scheduler/job_run.h"

namespace pumasi {
namespace {

std::string Numbered(const char* kind, uint64_t number) { return absl::StrFormat("%s/%020d", kind, number); }

absl::Status Damaged(const std::string& id, const std::string& record) {
  return absl::DataLossError(absl::StrCat("the scheduler's store: record job/", id, "/", record, " is damaged"));
}

}  // namespace

v1::JobSpecRecord JobRun::SpecRecord() const {
  v1::JobSpecRecord record;
  *record.mutable_request() = spec_.request;
  record.set_output(spec_.output);
  if (spec_.resume) *record.mutable_resume() = *spec_.resume;
  return record;
}

v1::JobStateRecord JobRun::StateRecord() const {
  v1::JobStateRecord record;
  record.set_state(state_);
  record.set_message(message_);
  record.set_kernel_set(kernel_set_);
  for (const auto& [incarnation, worker] : workers_) {
    auto* member = record.add_workers();
    *member->mutable_node() = worker.node;
    member->set_ready(worker.prepared);
  }
  for (const auto& [incarnation, server] : servers_) {
    auto* member = record.add_servers();
    *member->mutable_node() = server.node;
    member->set_ready(server.ready);
  }
  *record.mutable_fenced() = {fenced_.begin(), fenced_.end()};
  record.set_uploader(uploader_);
  record.set_assets_there(assets_there_);
  *record.mutable_data() = data_;
  record.set_data_from(data_from_);
  *record.mutable_layout() = layout_;
  record.set_generation_epoch(generation_epoch_);
  if (!cuts_.empty()) *record.mutable_start() = start_;
  record.set_resume(resume_);
  record.set_parameters_sha256(parameters_sha256_);
  record.set_checkpoint(checkpoint_);
  record.set_checkpoint_version(checkpoint_version_);
  record.set_checkpoint_deltas(checkpoint_deltas_);
  record.set_resumed(resumed_);
  record.set_model_gathered(model_gathered_);
  record.set_model_attempt(model_attempt_);
  record.set_model_pauses(model_again_.has_value());
  return record;
}

v1::JobProgressRecord JobRun::ProgressRecord(absl::Duration now) const {
  v1::JobProgressRecord record;
  record.set_version(version_);
  record.set_epoch(epoch_);
  *record.mutable_moment() = record_.Moment(now);
  *record.mutable_audit() = audit_;
  record.set_leases_given(leases_given_);
  record.set_repeated_results(repeated_results_);
  record.set_undone_batches(undone_batches_);
  *record.mutable_use() = record_.use();
  if (ledger_) ledger_->Save(&record);
  for (const auto& [slot, prefetch] : prefetch_) {
    auto* copying = record.add_prefetch();
    copying->set_slot(slot);
    copying->set_server(prefetch.server);
    copying->set_done(prefetch.done);
  }
  for (const auto& [slot, filling] : filling_) {
    auto* copying = record.add_filling();
    copying->set_slot(slot);
    copying->set_server(filling.server);
    copying->set_done(filling.done);
    copying->set_epoch(filling.epoch);
  }
  for (const auto& [folder, pending] : checkpoints_) {
    auto* checkpoint = record.add_checkpoints();
    checkpoint->set_folder(folder);
    checkpoint->set_version(pending.version);
    checkpoint->set_failed(pending.failed);
    checkpoint->set_gathered(pending.gathered);
    for (const auto& [server, shard] : pending.shards) {
      auto* saved = checkpoint->add_shards();
      saved->set_server(server);
      saved->set_layout_epoch(shard.epoch);
      *saved->mutable_file() = shard.file;
    }
  }
  record.set_gathered(gathered_);
  record.set_wall_seconds(absl::ToDoubleSeconds((ended() ? ended_at_ : now) - submitted_));
  return record;
}

v1::JobHistoryRecord JobRun::HistoryRecord() const {
  v1::JobHistoryRecord record;
  record_.SaveHistory(&record);
  *record.mutable_epoch_losses() = {epoch_losses_.begin(), epoch_losses_.end()};
  return record;
}

bool JobRun::Save(const std::string& name, std::string bytes, StoreBatch* batch) {
  const auto [saved, fresh] = saved_.try_emplace(name);
  if (!fresh && saved->second == bytes) return false;
  batch->Put(Key(name), bytes);
  saved->second = std::move(bytes);
  return true;
}

void JobRun::SaveOpenBatches(StoreBatch* batch) {
  if (std::exchange(ledger_is_new_, false)) {
    for (const uint64_t number : saved_open_) batch->Delete(Key(Numbered("open", number)));
    saved_open_.clear();
  }
  if (!ledger_) return;
  for (const auto& [number, record] : ledger_->TakeChangedBatches()) {
    if (record) {
      batch->Put(Key(Numbered("open", number)), record->SerializeAsString());
      saved_open_.insert(number);
    } else if (saved_open_.erase(number)) {
      batch->Delete(Key(Numbered("open", number)));
    }
  }
}

bool JobRun::SaveCuts(StoreBatch* batch) {
  bool fresh = false;
  for (const uint64_t version : std::exchange(changed_cuts_, {})) {
    const auto cut = cuts_.find(version);
    if (cut == cuts_.end()) continue;
    batch->Put(Key(Numbered("cut", version)), cut->second.SerializeAsString());
    saved_cuts_.insert(version);
    fresh = true;
  }
  for (auto saved = saved_cuts_.begin(); saved != saved_cuts_.end();) {
    if (cuts_.count(*saved)) {
      ++saved;
      continue;
    }
    batch->Delete(Key(Numbered("cut", *saved)));
    saved = saved_cuts_.erase(saved);
  }
  return fresh;
}

void JobRun::LookAtAllRecords() {
  touched_ = true;
  ++saved_history_.first;
  --saved_change_;
}

bool JobRun::SaveChanges(StoreBatch* batch, absl::Duration now) {
  // Of many jobs one runs: the others cost nothing.
  if ((ended() || state_ == v1::QUEUED) && saved_change_ == change_) return false;
  saved_change_ = change_;
  // Without a checkpoint on the way training goes on; without the model the job would wait for ever.
  bool synced = std::exchange(model_told_, false);
  if (!saved_.count("spec")) synced = Save("spec", SpecRecord().SerializeAsString(), batch) || synced;
  const bool reassigned = std::exchange(saved_assignment_change_, assignment_change_) != assignment_change_;
  if (std::exchange(touched_, false) || reassigned) {
    synced = Save("state", StateRecord().SerializeAsString(), batch) || synced;
  }
  if (norms_.answered_version()) {
    v1::NormsRecord norms;
    norms.set_version(*norms_.answered_version());
    *norms.mutable_squares() = {norms_.answer().begin(), norms_.answer().end()};
    // A server that has the answer has applied the batch, and will not give its part of it again.
    synced = Save("norms", norms.SerializeAsString(), batch) || synced;
  } else if (saved_.erase("norms")) {
    batch->Delete(Key("norms"));
    synced = true;
  }
  // What has not changed but for the time is not worth a write.
  v1::JobProgressRecord progress = ProgressRecord(now);
  const double wall_seconds = progress.wall_seconds(), epoch_seconds = progress.moment().epoch_seconds();
  progress.clear_wall_seconds();
  progress.mutable_moment()->clear_epoch_seconds();
  std::string bytes = progress.SerializeAsString();
  if (const auto [saved, fresh] = saved_.try_emplace("progress"); fresh || saved->second != bytes) {
    saved->second = std::move(bytes);
    progress.set_wall_seconds(wall_seconds);
    progress.mutable_moment()->set_epoch_seconds(epoch_seconds);
    batch->Put(Key("progress"), progress.SerializeAsString());
  }
  const std::pair history(record_.history_change(), losses_change_);
  if (std::exchange(saved_history_, history) != history) Save("history", HistoryRecord().SerializeAsString(), batch);
  // With a log any batch's end may be gone back to.
  if (SaveCuts(batch) && has_log()) synced = true;
  SaveOpenBatches(batch);
  for (const auto& [version, audit] : std::exchange(audits_, {})) {
    batch->Put(absl::StrCat("audit/", id(), "/", absl::StrFormat("%020d", version)), audit.SerializeAsString());
  }
  return synced;
}

void JobRun::Forget(StoreBatch* batch) const {
  for (const auto& [name, bytes] : saved_) batch->Delete(Key(name));
  for (const uint64_t number : saved_open_) batch->Delete(Key(Numbered("open", number)));
  for (const uint64_t version : saved_cuts_) batch->Delete(Key(Numbered("cut", version)));
}

absl::StatusOr<std::unique_ptr<JobRun>> JobRun::Restore(const std::string& id,
                                                        const std::map<std::string, std::string>& records,
                                                        absl::Duration now, uint64_t first_change) {
  const auto parse = [&](const std::string& name, google::protobuf::Message* record) {
    const auto bytes = records.find(name);
    return bytes != records.end() && record->ParseFromString(bytes->second);
  };
  v1::JobSpecRecord spec;
  v1::JobStateRecord state;
  v1::JobProgressRecord progress;
  v1::JobHistoryRecord history;
  if (!parse("spec", &spec)) return Damaged(id, "spec");
  if (!parse("state", &state)) return Damaged(id, "state");
  if (!parse("progress", &progress)) return Damaged(id, "progress");
  if (!parse("history", &history)) return Damaged(id, "history");
  Spec made{id, spec.request(), spec.output(), std::nullopt};
  if (spec.has_resume()) made.resume = spec.resume();
  auto job = std::make_unique<JobRun>(std::move(made), now, first_change);
  std::map<uint64_t, v1::OpenBatchRecord> open;
  for (const auto& [name, bytes] : records) {
    uint64_t number = 0;
    if (absl::StartsWith(name, "cut/")) {
      if (!absl::SimpleAtoi(name.substr(4), &number) || !job->cuts_[number].ParseFromString(bytes)) {
        return Damaged(id, name);
      }
      job->saved_cuts_.insert(number);
      continue;
    } else if (absl::StartsWith(name, "open/")) {
      if (!absl::SimpleAtoi(name.substr(5), &number) || !open[number].ParseFromString(bytes)) return Damaged(id, name);
      job->saved_open_.insert(number);
      continue;
    }
    job->saved_[name] = bytes;
  }
  // Written without the time that had passed: it is compared without, too.
  v1::JobProgressRecord timeless = progress;
  timeless.clear_wall_seconds();
  timeless.mutable_moment()->clear_epoch_seconds();
  job->saved_["progress"] = timeless.SerializeAsString();
  job->record_.RestoreHistory(history, progress.use());
  if (v1::NormsRecord norms; parse("norms", &norms)) {
    job->norms_.Restore(norms.version(), {norms.squares().begin(), norms.squares().end()});
  }
  if (absl::Status status = job->TakeState(state, now); !status.ok()) return status;
  job->ReplayLosses({history.epoch_losses().begin(), history.epoch_losses().end()});
  job->TakeProgress(progress, open, now);
  job->saved_change_ = job->change_;
  return job;
}

absl::Status JobRun::TakeState(const v1::JobStateRecord& record, absl::Duration now) {
  state_ = record.state();
  message_ = record.message();
  kernel_set_ = record.kernel_set();
  for (const auto& member : record.workers()) {
    workers_[member.node().incarnation()] = {member.node(), member.ready()};
  }
  for (const auto& member : record.servers()) {
    servers_[member.node().incarnation()] = {member.node(), member.ready()};
  }
  fenced_ = {record.fenced().begin(), record.fenced().end()};
  uploader_ = record.uploader();
  assets_there_ = record.assets_there();
  data_ = record.data();
  data_from_ = record.data_from();
  generation_epoch_ = record.generation_epoch();
  start_ = record.start();
  resume_ = record.resume();
  parameters_sha256_ = record.parameters_sha256();
  checkpoint_ = record.checkpoint();
  checkpoint_version_ = record.checkpoint_version();
  checkpoint_deltas_ = record.checkpoint_deltas();
  resumed_ = record.resumed();
  model_gathered_ = record.model_gathered();
  model_attempt_ = record.model_attempt();
  if (record.model_pauses()) model_again_ = now + kModelPause;
  layout_ = record.layout();
  // Where there is a cut, it was planned before, from the same job and data.
  if (layout_.epoch() > 0 || !cuts_.empty()) {
    if (absl::Status status = PlanData(); !status.ok()) return status;
  }
  if (layout_.epoch() > 0) {
    Owners& owners = owners_[layout_.epoch()];
    for (const uint32_t owner : layout_.slot_owner()) {
      owners.push_back(layout_.servers(static_cast<int>(owner)).incarnation());
    }
  }
  return absl::OkStatus();
}

void JobRun::TakeProgress(const v1::JobProgressRecord& record, const std::map<uint64_t, v1::OpenBatchRecord>& open,
                          absl::Duration now) {
  version_ = record.version();
  epoch_ = record.epoch();
  record_.ReturnTo(record.moment());
  if (state_ == v1::TRAINING) record_.Continue(now);
  audit_ = record.audit();
  leases_given_ = record.leases_given();
  repeated_results_ = record.repeated_results();
  undone_batches_ = record.undone_batches();
  gathered_ = record.gathered();
  submitted_ = now - absl::Seconds(record.wall_seconds());
  for (const auto& copying : record.prefetch()) prefetch_[copying.slot()] = {copying.server(), copying.done()};
  for (const auto& copying : record.filling()) {
    filling_[copying.slot()] = {copying.server(), now + absl::Seconds(10), copying.epoch(), copying.done()};
  }
  for (const auto& checkpoint : record.checkpoints()) {
    PendingCheckpoint& pending = checkpoints_[checkpoint.folder()];
    pending.version = checkpoint.version();
    pending.failed = checkpoint.failed();
    pending.gathered = checkpoint.gathered();
    for (const auto& shard : checkpoint.shards()) pending.shards[shard.server()] = {shard.layout_epoch(), shard.file()};
    if (pending.gathered) to_finish_.push_back(FinishOf(checkpoint.folder(), pending));
  }
  if (record.has_ledger() && (state_ == v1::TRAINING || state_ == v1::EVALUATING)) {
    ledger_.emplace(LedgerOptions(), now);
    ledger_->Restore(record, open, now);
    StartHearing(now);
  }
}

}  // namespace pumasi
