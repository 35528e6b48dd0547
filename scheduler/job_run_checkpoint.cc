// JobRun and checkpoints: how servers' shard files become a folder.
#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/error_detail.h"
#include "common/planted_bug.h"
#include "scheduler/job_run.h"

namespace pumasi {

std::string ModelFolderInTheMaking(uint64_t generation, uint32_t attempt) {
  return attempt == 0 ? absl::StrFormat(".model-g%d.tmp", generation)
                      : absl::StrFormat(".model-g%d-%d.tmp", generation, attempt);
}

std::string CheckpointFolderInTheMaking(uint64_t version, uint64_t generation) {
  return absl::StrFormat(".checkpoint-%09d-g%d.tmp", version, generation);
}

std::string CheckpointName(uint64_t version) { return absl::StrFormat("checkpoint-%09d", version); }

absl::Status JobRun::CheckShard(const v1::ReportShardSavedRequest& request) const {
  if (state_ < v1::TRAINING) {
    return absl::InvalidArgumentError(absl::StrCat("job ", id(), " has trained nothing that could be saved yet"));
  }
  if (request.layout_epoch() > layout_.epoch()) {
    return DetailedError(v1::ErrorDetail::STALE_LAYOUT, absl::StrCat("the layout is at epoch ", layout_.epoch()));
  }
  if (request.folder() == ModelFolder()) {
    if (state_ == v1::SAVING && request.version() == version_) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrCat("no model of version ", request.version(), " is wanted in state ",
                                                   v1::JobState_Name(state_), " at version ", version_));
  }
  if (request.folder() != CheckpointFolderInTheMaking(request.version(), layout_.generation())) {
    return absl::InvalidArgumentError(absl::StrCat("no checkpoint is written to '", request.folder(), "'"));
  }
  return absl::OkStatus();
}

absl::Status JobRun::ShardSaved(const v1::ReportShardSavedRequest& request, absl::Duration now) {
  const auto server = servers_.find(request.incarnation());
  if (ended() || server == servers_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", id(), " does not want this server"));
  }
  touched_ = true;
  // Of a generation that is undone, or is being undone.
  if (state_ == v1::RECOVERING || (layout_.epoch() > 0 && request.layout_epoch() < generation_epoch_)) {
    return absl::OkStatus();
  }
  // Of an attempt that failed.
  if (model_attempt_ > 0 && absl::StartsWith(request.folder(), ".model-") && request.folder() != ModelFolder()) {
    return absl::OkStatus();
  }
  if (absl::Status status = CheckShard(request); !status.ok()) return status;
  const bool final = request.folder() == ModelFolder();
  model_told_ = model_told_ || final;
  // A report whose answer was lost comes again; the layout may have changed since the model was begun.
  if (final ? model_gathered_ || request.layout_epoch() != layout_.epoch() : request.version() <= gathered_) {
    return absl::OkStatus();
  }
  if (final && !request.error().empty()) {
    ModelFailed(absl::StrCat(NodeInWords(server->second.node), ": ", request.error()), now);
    return absl::OkStatus();
  }
  last_progress_ = now;
  PendingCheckpoint& pending = checkpoints_[request.folder()];
  pending.version = request.version();
  if (!request.error().empty()) {
    pending.failed = true;
    Warn(absl::StrCat("checkpoint at batch ", request.version(), " failed on ", NodeInWords(server->second.node), ": ",
                      request.error()));
  }
  PendingCheckpoint::Shard& shard = pending.shards[request.incarnation()];
  shard.epoch = request.layout_epoch();
  shard.file.set_name(request.file());
  shard.file.set_size(request.size());
  shard.file.set_crc32c(request.crc32c());
  shard.file.set_version(request.version());
  shard.file.set_since(request.since());
  LookAtCheckpoints(now);
  return absl::OkStatus();
}

JobRun::Coverage JobRun::CoverageOf(const PendingCheckpoint& pending) const {
  if (Planted(PlantedBug::kIncompleteCheckpoint)) return Coverage::kWhole;
  std::vector<uint32_t> times(static_cast<size_t>(layout_.slot_owner_size()));
  for (const auto& [server, shard] : pending.shards) {
    const auto owners = owners_.find(shard.epoch);
    if (owners == owners_.end()) return Coverage::kHopeless;
    for (size_t slot = 0; slot < times.size(); ++slot) times[slot] += owners->second[slot] == server;
  }
  if (std::all_of(times.begin(), times.end(), [](uint32_t n) { return n == 1; })) return Coverage::kWhole;
  // Two servers' files of one slot: the layout changed while the cut went through the servers.
  if (std::any_of(times.begin(), times.end(), [](uint32_t n) { return n > 1; })) return Coverage::kHopeless;
  const bool all = std::all_of(layout_.servers().begin(), layout_.servers().end(), [&](const auto& owner) {
    return pending.shards.count(owner.incarnation()) || !servers_.count(owner.incarnation()) ||
           CountSlots(layout_, owner.incarnation()).primary == 0;
  });
  return all ? Coverage::kHopeless : Coverage::kIncomplete;
}

void JobRun::ModelFailed(const std::string& why, absl::Duration now) {
  message_ = absl::StrCat("the model could not be written: ", why);
  Warn(message_);
  checkpoints_.erase(ModelFolder());
  // What a failed sync left behind is never written over.
  ++model_attempt_;
  model_gathered_ = false;
  model_again_ = now + kModelPause;
  ++change_, ++assignment_change_;
}

void JobRun::LookAtCheckpoints(absl::Duration now) {
  for (auto& [folder, pending] : checkpoints_) {
    if (pending.gathered || pending.failed) continue;
    const bool final = folder == ModelFolder();
    const Coverage coverage = CoverageOf(pending);
    if (coverage == Coverage::kWhole && (final || cuts_.count(pending.version))) {
      Gather(folder, pending);
    } else if (coverage == Coverage::kHopeless && !final) {
      pending.failed = true;
      Warn(absl::StrCat("checkpoint at batch ", pending.version,
                        " was given up: slots changed hands while servers wrote it"));
    }
  }
  // What is older than a checkpoint that is gathered is not waited for; nor for more than a few.
  std::erase_if(checkpoints_, [&](const auto& entry) {
    return !entry.second.gathered && entry.first != ModelFolder() && entry.second.version <= gathered_;
  });
  while (checkpoints_.size() > kPending && !checkpoints_.begin()->second.gathered)
    checkpoints_.erase(checkpoints_.begin());
  ForgetCuts();
}

void JobRun::Gather(const std::string& folder, PendingCheckpoint& pending) {
  pending.gathered = true;
  if (folder == ModelFolder()) {
    model_gathered_ = true;
    ++assignment_change_;
  } else {
    gathered_ = std::max(gathered_, pending.version);
  }
  to_finish_.push_back(FinishOf(folder, pending));
}

JobRun::FinishCheckpoint JobRun::FinishOf(const std::string& folder, const PendingCheckpoint& pending) const {
  const bool final = folder == ModelFolder();
  FinishCheckpoint finish{
      folder, final ? "model" : CheckpointName(pending.version), {}, final, job_.checkpoint().keep(), "", LogFolder()};
  v1::Manifest& manifest = finish.manifest;
  manifest.set_job_id(id());
  *manifest.mutable_job() = job_;
  *manifest.mutable_data() = data_;
  *manifest.mutable_tables() = {tables_.begin(), tables_.end()};
  *manifest.mutable_progress() = ProgressAt(pending.version);
  manifest.set_slots(job_.slots());
  // The job may be further than the checkpoint.
  for (const v1::RateChange& change : rate_changes_) {
    if (change.from_step() <= pending.version) *manifest.add_rate_changes() = change;
  }
  const size_t losses = std::min<size_t>(epoch_losses_.size(), pending.version / plan_.BatchesPerEpoch());
  *manifest.mutable_epoch_losses() = {epoch_losses_.begin(), epoch_losses_.begin() + static_cast<ptrdiff_t>(losses)};
  std::map<std::string, v1::Manifest::File> by_name;
  uint64_t since = 0;
  for (const auto& [server, shard] : pending.shards) {
    by_name[shard.file.name()] = shard.file;
    since = std::max(since, shard.file.since());
  }
  for (const auto& [name, file] : by_name) *manifest.add_shards() = file;
  if (since > 0) finish.base = CheckpointName(since);
  return finish;
}

std::optional<JobRun::FinishCheckpoint> JobRun::TakeCheckpoint() {
  if (to_finish_.empty()) return std::nullopt;
  FinishCheckpoint first = std::move(to_finish_.front());
  to_finish_.erase(to_finish_.begin());
  return first;
}

void JobRun::CheckpointFinished(const std::string& folder, const absl::Status& status,
                                const std::string& parameters_sha256, absl::Duration now) {
  const auto pending = checkpoints_.find(folder);
  // The job ended, or went back, meanwhile.
  if (ended() || pending == checkpoints_.end() || !pending->second.gathered) return;
  const PendingCheckpoint finished = std::move(pending->second);
  checkpoints_.erase(pending);
  touched_ = true;
  ++change_;
  if (folder == ModelFolder()) {
    if (!status.ok()) return ModelFailed(std::string(status.message()), now);
    message_.clear();
    parameters_sha256_ = parameters_sha256;
    checkpoints_.clear();
    cuts_.clear();
    Enter(v1::DONE, now);
    return;
  }
  last_progress_ = now;
  const bool delta = std::any_of(finished.shards.begin(), finished.shards.end(),
                                 [](const auto& shard) { return shard.second.file.since() > 0; });
  if (!status.ok()) {
    // Where the checkpoint that it follows is gone or damaged, no other could follow that one: the next is whole.
    const bool base = absl::IsNotFound(status) || absl::IsDataLoss(status) || absl::IsFailedPrecondition(status);
    if (delta && base && checkpoint_deltas_ + 1 < job_.checkpoint().full_every()) {
      checkpoint_deltas_ = job_.checkpoint().full_every();
      ++assignment_change_;
    }
    record_.Warn(absl::StrCat("checkpoint ", folder, " failed: ", std::string(status.message())));
  } else if (finished.version > checkpoint_version_ && cuts_.count(finished.version)) {
    checkpoint_ = CheckpointName(finished.version);
    checkpoint_version_ = finished.version;
    checkpoint_deltas_ = delta ? checkpoint_deltas_ + 1 : 0;
    cuts_.erase(cuts_.begin(), cuts_.find(finished.version));
    ++assignment_change_;
  }
  LookAtCheckpoints(now);
}

}  // namespace pumasi
