// JobRun and the optimizer's needs beyond single servers: norms over all of them, and rates that follow the test loss.
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "scheduler/job_run.h"

namespace pumasi {

absl::StatusOr<std::optional<v1::CombineNormsResponse>> JobRun::CombineNorms(const v1::CombineNormsRequest& request) {
  const auto server = servers_.find(request.incarnation());
  if (ended() || server == servers_.end()) {
    return DetailedError(v1::ErrorDetail::UNKNOWN_JOB, absl::StrCat("job ", id(), " does not want this server"));
  }
  // Where the job goes back to a checkpoint, or was resumed, that layout is no more: the server hears of the next one.
  if (request.layout_epoch() != layout_.epoch() || state_ == v1::RECOVERING || state_ < v1::ALLOCATING) {
    return DetailedError(v1::ErrorDetail::STALE_LAYOUT, absl::StrCat("the layout is at epoch ", layout_.epoch()));
  }
  // Servers may be ahead of what workers have reported: these may work without a scheduler for a while. They may be
  // behind by the batch whose parts have all been pushed, since it is applied only now.
  const bool asked_again = norms_.answered_version() == request.version();
  if (state_ < v1::TRAINING ||
      (!asked_again && (request.version() + 1 < version_ || request.version() >= total_batches()))) {
    return absl::InvalidArgumentError(absl::StrCat("no norms of batch ", request.version(), " are wanted in state ",
                                                   v1::JobState_Name(state_), " at batch ", version_));
  }
  std::set<uint64_t> primaries;
  for (const uint32_t owner : layout_.slot_owner()) {
    primaries.insert(layout_.servers(static_cast<int>(owner)).incarnation());
  }
  auto squares = norms_.Take(request, primaries, tables_.size());
  if (!squares.ok()) return squares.status();
  if (!*squares) return std::nullopt;
  v1::CombineNormsResponse response;
  *response.mutable_squares() = {(*squares)->begin(), (*squares)->end()};
  return response;
}

absl::Status JobRun::ResumePlateau() {
  if (!job_.optimizer().schedule().has_reduce_on_plateau()) return absl::OkStatus();
  if (data_.test_rows() == 0) {
    return absl::InvalidArgumentError(
        "optimizer.schedule.reduce_on_plateau looks at the test loss, and the data has no test rows");
  }
  if (!spec_.resume) {
    ReplayLosses({});
    return absl::OkStatus();
  }
  const auto& losses = spec_.resume->epoch_losses();
  const uint64_t version = spec_.resume->progress().version();
  const uint64_t epochs = version / plan_.BatchesPerEpoch();
  const bool at_boundary = version % plan_.BatchesPerEpoch() == 0;
  const auto known = static_cast<uint64_t>(losses.size());
  if (known > epochs || known + (at_boundary ? 1 : 0) < epochs) {
    return absl::FailedPreconditionError(absl::StrCat("the checkpoint ", spec_.request.resume(),
                                                      " has the test losses of ", known, " epochs; it is of epoch ",
                                                      epochs));
  }
  ReplayLosses({losses.begin(), losses.end()});
  return absl::OkStatus();
}

void JobRun::ReplayLosses(std::vector<double> losses) {
  ++losses_change_;
  epoch_losses_.clear();
  rate_changes_.clear();
  if (!job_.optimizer().schedule().has_reduce_on_plateau()) return;
  plateau_.emplace(job_.optimizer().schedule().reduce_on_plateau());
  for (const double loss : losses) ObserveTestLoss(loss);
}

bool JobRun::LacksEvaluation() const {
  return plateau_ && epoch_losses_.size() < start_.version() / plan_.BatchesPerEpoch();
}

void JobRun::ObserveTestLoss(double loss) {
  if (!plateau_) return;
  ++losses_change_;
  epoch_losses_.push_back(loss);
  const std::optional<double> factor = plateau_->Observe(loss);
  if (!factor) return;
  v1::RateChange& change = rate_changes_.emplace_back();
  change.set_from_step(epoch_losses_.size() * plan_.BatchesPerEpoch() + 1);
  change.set_factor(*factor);
}

}  // namespace pumasi
