// JobRun and cuts: where training begins, and goes on after parameters were lost.
#include <google/protobuf/util/message_differencer.h>

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/consistency.h"
#include "common/field_rules.h"
#include "common/planted_bug.h"
#include "scheduler/job_run.h"
#include "scheduler/layout_of_job.h"

namespace pumasi {

absl::Status JobRun::CheckResume() const {
  if (!spec_.resume) return absl::OkStatus();
  // What may differ between the run that wrote the checkpoint and this one.
  const auto essence = [](v1::Job job) {
    // What an older version wrote lacks settings that came later: their defaults are what it did.
    (void)CompleteMessage(&job);
    job.clear_name(), job.clear_epochs(), job.clear_checkpoint(), job.clear_stall_timeout(),
        job.clear_prepare_timeout(), job.clear_recover_timeout(), job.clear_replicas(), job.clear_backup_workers(),
        job.clear_durability();
    // A ring has sums of its own.
    const bool ring = ReducesByRing(job);
    // With async rows count the optimizer's steps otherwise, and dense tensors do where they are not in step.
    if (!ring && (!IsAsync(job) || !KindsLieApart(job))) job.clear_mode();
    if (!ring) job.clear_allreduce();
    if (!IsAsync(job)) job.clear_consistency();
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

void JobRun::Allocate(absl::Duration now) {
  if (state_ == v1::PREPARING) {
    if (!WorkersPrepared() || !assets_there_) return;
    if (cuts_.empty()) {
      absl::Status status = PlanData();
      if (status.ok()) status = CheckResume();
      if (status.ok()) status = ResumePlateau();
      if (!status.ok()) {
        plan_ = {};
        tables_.clear();
        return Fail(std::string(status.message()), now);
      }
      cuts_[FirstCut().version()] = FirstCut();
      changed_cuts_.insert(FirstCut().version());
    }
  } else if (state_ != v1::RECOVERING) {
    return;
  }
  const std::vector<v1::Node> servers = UsableServers();
  // Workers go on with those that are left.
  const SlotHolders want = WantedHolders(job_, spec_.request.servers()), there = CountHolders(servers);
  if (!there.Reach(want)) {
    if (state_ == v1::PREPARING) return Recover("", now);
    const std::string why = WhyRecovering();
    const std::string message = absl::StrCat(why, why.empty() ? "" : "; ", WaitsForHolders(job_), there.OutOf(want));
    if (message != message_) ++change_;
    message_ = message;
    const bool some = there.Reach(WantedHolders(job_, 1));
    if (!some || now - recovering_since_ <= absl::Seconds(job_.stall_timeout())) return;
  }
  const std::optional<uint64_t> cut = ChooseCut(now);
  if (!cut) return;
  ReturnToCut(*cut);
  const bool first = layout_.epoch() == 0;
  const uint32_t replicas = std::max(1u, job_.replicas());
  const uint32_t of_rows = ServersHoldSlots(job_) ? there.servers : there.workers;
  if (first && replicas > of_rows) {
    record_.Warn(absl::StrCat("replicas: ", replicas, " needs as many ", HolderKind(job_), "s; there are ", of_rows,
                              ": until others come, a ", HolderKind(job_),
                              "'s death takes the job back to its last checkpoint"));
  }
  StopCopying();
  owners_.clear();
  generation_epoch_ = layout_.epoch() + 1;
  for (auto& [incarnation, server] : servers_) server.ready = false;
  message_.clear();
  const uint64_t generation = layout_.generation() + (first ? 0 : 1);
  Adopt(FirstLayout(job_, generation_epoch_, generation, servers), now);
  Enter(v1::ALLOCATING, now);
}

void JobRun::Recover(const std::string& why, absl::Duration now) {
  // With a log, what it says comes first.
  if (!why.empty() && !has_log()) {
    record_.Warn(absl::StrCat(why, ": back to ",
                              checkpoint_.empty() ? "the start" : absl::StrCat("the checkpoint ", checkpoint_)));
  }
  message_ = why.empty() ? "" : absl::StrCat(why, "; ");
  ForgetLogAnswer();
  recovering_since_ = now;
  ledger_.reset();
  ledger_is_new_ = true;
  record_.Pause(now);
  StopCopying();
  ForgetHearing();
  norms_ = {};
  checkpoints_.clear();
  to_finish_.clear();
  model_gathered_ = false;
  Enter(v1::RECOVERING, now);
  Allocate(now);
}

v1::CutRecord JobRun::FirstCut() const {
  v1::CutRecord cut;
  cut.set_version(spec_.resume ? spec_.resume->progress().version() : 0);
  cut.set_epoch(plan_.EpochOf(cut.version()));
  cut.set_epoch_losses(static_cast<uint32_t>(epoch_losses_.size()));
  return cut;
}

void JobRun::RememberCut(uint64_t version, absl::Duration now) {
  changed_cuts_.insert(version);
  v1::CutRecord& cut = cuts_[version];
  cut.set_version(version);
  cut.set_epoch(epoch_);
  cut.set_at_end(version == (epoch_ + 1) * plan_.BatchesPerEpoch());
  *cut.mutable_moment() = record_.Moment(now);
  *cut.mutable_audit() = audit_;
  cut.set_epoch_losses(static_cast<uint32_t>(epoch_losses_.size()));
}

void JobRun::ReturnToCut(uint64_t version) {
  const v1::CutRecord cut = cuts_.at(version);
  if (const std::string why = WhyRecovering(); has_log() && !why.empty()) {
    Warn(absl::StrCat(why, ": back to batch ", version, " (",
                      checkpoint_.empty() ? "the start" : absl::StrCat("the checkpoint ", checkpoint_),
                      version > cuts_.begin()->first ? " and the log)" : ")"));
  }
  start_ = ProgressAt(cut.version());
  resume_ = checkpoint_.empty() ? spec_.request.resume() : absl::StrCat(spec_.output, "/", checkpoint_);
  gathered_ = cut.version();
  if (Planted(PlantedBug::kRollbackKeepsLedger) && layout_.epoch() > 0) return;
  cuts_.erase(cuts_.upper_bound(version), cuts_.end());
  if (version_ > cut.version()) undone_batches_ += version_ - cut.version();
  version_ = cut.version();
  epoch_ = cut.epoch();
  audit_ = cut.audit();
  record_.ReturnTo(cut.moment());
  std::erase_if(audits_, [&](const auto& entry) { return entry.first >= version_; });
  ReplayLosses(
      {epoch_losses_.begin(), epoch_losses_.begin() + std::min<size_t>(epoch_losses_.size(), cut.epoch_losses())});
}

absl::Status JobRun::Resume(absl::Duration now) {
  if (state_ != v1::FAILED && state_ != v1::CANCELLED) {
    return absl::FailedPreconditionError(absl::StrCat("job ", id(), " is ", v1::JobState_Name(state_),
                                                      "; only one that failed or was cancelled can be resumed"));
  }
  message_.clear();
  resumed_ = true;
  uploader_ = 0;
  model_gathered_ = false;
  norms_ = {};
  ForgetLogAnswer();
  Enter(v1::QUEUED, now);
  return absl::OkStatus();
}

}  // namespace pumasi
