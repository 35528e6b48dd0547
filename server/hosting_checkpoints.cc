// Hosting's checkpoints: which cut is written when, and where to.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/averaging.h"
#include "common/layout/batch_plan.h"
#include "server/hosting.h"

namespace pumasi {

void Hosting::BeginCheckpoint(uint64_t version, absl::Duration now) {
  // One after another may hold only what changed since the one before, up to a whole one.
  const bool delta = assignment_.checkpoint_version() > 0 && assignment_.checkpoint_version() < version &&
                     assignment_.checkpoint_deltas() + 1 < assignment_.job().checkpoint().full_every();
  const std::string folder = absl::StrFormat(".checkpoint-%09d-g%d.tmp", version, assignment_.layout().generation());
  const Snapshot::Target target = TargetFor(folder, version, delta ? assignment_.checkpoint_version() : 0);
  const absl::Status status =
      snapshot_ == nullptr
          ? StartSnapshot(target)
          : absl::ResourceExhaustedError(absl::StrCat(snapshot_->target().folder, " is still being written"));
  if (!status.ok()) TellSaved(target, {}, std::string(status.message()), now);
}

void Hosting::BeginSaveIfWanted() {
  const std::string& folder = assignment_.save_folder();
  // Under another layout the slots are dealt out otherwise: then it is written again.
  const std::pair wanted(folder, shard_->layout_epoch());
  if (folder.empty() || saved_ == wanted || snapshot_ != nullptr || !serving()) return;
  if (shard_->PrimariesAt(assignment_.save_version()).empty()) return;
  // Once all servers have saved the job is done and its log removed: a write that came later would make it anew.
  if (!CheckLogged(assignment_.save_version()).ok()) return;
  saved_ = wanted;
  Snapshot::Target target = TargetFor(folder, assignment_.save_version(), 0);
  target.may_be_given_up = false;
  const absl::Status status = StartSnapshot(target);
  if (!status.ok()) TellSaved(target, {}, std::string(status.message()), absl::ZeroDuration());
}

Snapshot::Target Hosting::TargetFor(const std::string& folder, uint64_t version, uint64_t since) const {
  const BatchPlan plan = PlanOf(assignment_.job(), assignment_.data().train_rows());
  Snapshot::Target target;
  target.output = assignment_.output();
  target.folder = folder;
  // A server that was given up may still be writing: its file has another name.
  target.file = absl::StrFormat("shard-%09d-%016x", version, options_.incarnation);
  target.progress.set_version(version);
  target.progress.set_epoch(plan.EpochOf(version));
  target.progress.set_batch(plan.BatchOf(version));
  target.since = since;
  target.layout_epoch = shard_->layout_epoch();
  return target;
}

absl::Status Hosting::StartSnapshot(Snapshot::Target target) {
  auto slots = shard_->PrimariesAt(target.progress.version());
  if (slots.empty()) {
    return absl::FailedPreconditionError(absl::StrCat("not all slots are at version ", target.progress.version()));
  }
  snapshot_ = std::make_shared<Snapshot>(std::move(target), shard_->shared_shape(), std::move(slots));
  effects_.snapshots.push_back(snapshot_);
  return absl::OkStatus();
}

void Hosting::SnapshotWritten(const Snapshot& snapshot, const absl::Status& status, absl::Duration now) {
  if (&snapshot != snapshot_.get()) return;
  snapshot_->EndCuts();
  TellSaved(snapshot.target(), status.ok() ? snapshot.info() : ShardFileInfo{}, std::string(status.message()), now);
  snapshot_ = nullptr;
  Pump(now);
}

void Hosting::TellSaved(const Snapshot::Target& target, const ShardFileInfo& info, const std::string& error,
                        absl::Duration now) {
  v1::ReportShardSavedRequest request;
  request.set_incarnation(options_.incarnation);
  request.set_job_id(assignment_.job_id());
  request.set_layout_epoch(target.layout_epoch);
  request.set_version(target.progress.version());
  request.set_folder(target.folder);
  request.set_file(target.file);
  request.set_since(target.since);
  request.set_size(info.size);
  request.set_crc32c(info.crc32c);
  request.set_error(error);
  outbox_.Put(std::move(request), now);
}

}  // namespace pumasi
