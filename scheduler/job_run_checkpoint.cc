// JobRun and checkpoints: which one may be continued from, and how servers' shard files become a folder.
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/error_detail.h"
#include "common/field_rules.h"
#include "scheduler/job_run.h"

namespace pumasi {

absl::Status JobRun::CheckResume() const {
  if (!spec_.resume) return absl::OkStatus();
  // What may differ between the run that wrote the checkpoint and this one.
  const auto essence = [](v1::Job job) {
    // What an older version wrote lacks settings that came later: their defaults are what it did.
    (void)CompleteMessage(&job);
    job.clear_name(), job.clear_epochs(), job.clear_checkpoint(), job.clear_stall_timeout(),
        job.clear_prepare_timeout();
    job.clear_data();
    return job;
  };
  const v1::Manifest& from = *spec_.resume;
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  if (!differencer.Compare(essence(from.job()), essence(job_))) {
    return absl::FailedPreconditionError(
        absl::StrCat("the checkpoint ", spec_.request.resume(), " was written by a job that differs: ", difference));
  }
  if (from.data().fingerprint() != data_.fingerprint()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the checkpoint ", spec_.request.resume(), " was trained on other data: ", from.data().train_rows(),
        " rows and ", from.data().vocabulary(), " ids; now ", data_.train_rows(), " and ", data_.vocabulary()));
  }
  return absl::OkStatus();
}

absl::Status JobRun::ShardSaved(const v1::ReportShardSavedRequest& request, absl::Duration now) {
  const auto server = servers_.find(request.incarnation());
  if (ended() || server == servers_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", id(), " does not want this server"));
  }
  if (state_ < v1::TRAINING) {
    return absl::InvalidArgumentError(absl::StrCat("job ", id(), " has trained nothing that could be saved yet"));
  }
  const bool final = request.folder() == kFinalCheckpointFolder;
  const std::string name = absl::StrFormat("checkpoint-%09d", request.version());
  if (!final && request.folder() != absl::StrCat(".", name, ".tmp")) {
    return absl::InvalidArgumentError(absl::StrCat("no checkpoint is written to '", request.folder(), "'"));
  }
  if (final && (state_ != v1::SAVING || request.version() != version_)) {
    return absl::InvalidArgumentError(absl::StrCat("no model of version ", request.version(), " is wanted in state ",
                                                   v1::JobState_Name(state_), " at version ", version_));
  }
  // A report whose answer was lost comes again.
  if (final ? model_gathered_ : request.version() <= gathered_) return absl::OkStatus();
  last_progress_ = now;
  PendingCheckpoint& pending = checkpoints_[request.folder()];
  pending.version = request.version();
  if (!request.error().empty()) {
    pending.failed = true;
    record_.Warn(absl::StrCat("checkpoint at batch ", request.version(), " failed on server ",
                              server->second.node.name(), ": ", request.error()));
    ++change_;
    if (final)
      Fail(absl::StrCat("the model could not be written on server ", server->second.node.name(), ": ", request.error()),
           now);
  }
  v1::Manifest::File& file = pending.files[server->second.node.name()];
  file.set_name(request.file());
  file.set_size(request.size());
  file.set_crc32c(request.crc32c());
  if (pending.files.size() < servers_.size()) return absl::OkStatus();
  if (final) {
    model_gathered_ = true;
  } else {
    gathered_ = request.version();
  }
  if (!pending.failed) {
    FinishCheckpoint finish{request.folder(), final ? "model" : name, {}, final, job_.checkpoint().keep()};
    finish.manifest.set_job_id(id());
    *finish.manifest.mutable_job() = job_;
    *finish.manifest.mutable_data() = data_;
    *finish.manifest.mutable_tables() = {tables_.begin(), tables_.end()};
    *finish.manifest.mutable_progress() = ProgressAt(request.version());
    finish.manifest.set_slots(job_.slots());
    // The job may be further than the checkpoint.
    for (const v1::RateChange& change : rate_changes_) {
      if (change.from_step() <= request.version()) *finish.manifest.add_rate_changes() = change;
    }
    const size_t losses = std::min<size_t>(epoch_losses_.size(), request.version() / plan_.BatchesPerEpoch());
    *finish.manifest.mutable_epoch_losses() = {epoch_losses_.begin(), epoch_losses_.begin() + losses};
    for (const auto& [name, shard] : pending.files) *finish.manifest.add_shards() = shard;
    to_finish_.push_back(std::move(finish));
  }
  checkpoints_.erase(request.folder());
  return absl::OkStatus();
}

std::optional<JobRun::FinishCheckpoint> JobRun::TakeCheckpoint() {
  if (to_finish_.empty()) return std::nullopt;
  FinishCheckpoint first = std::move(to_finish_.front());
  to_finish_.erase(to_finish_.begin());
  return first;
}

void JobRun::CheckpointFinished(const std::string& folder, const absl::Status& status,
                                const std::string& parameters_sha256, absl::Duration now) {
  if (ended()) return;
  ++change_;
  if (folder != kFinalCheckpointFolder) {
    if (!status.ok()) record_.Warn(absl::StrCat("checkpoint ", folder, " failed: ", std::string(status.message())));
    return;
  }
  if (!status.ok()) return Fail(absl::StrCat("the model could not be written: ", std::string(status.message())), now);
  parameters_sha256_ = parameters_sha256;
  Enter(v1::DONE, now);
}

}  // namespace pumasi
