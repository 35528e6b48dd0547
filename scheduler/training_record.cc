#include "scheduler/training_record.h"

#include <algorithm>

#include "common/stage_times.h"

namespace pumasi {
namespace {

constexpr size_t kFirstLosses = 20;
constexpr size_t kRecentLosses = 50;
constexpr size_t kConfusions = 100;
constexpr size_t kWarnings = 20;

}  // namespace

void TrainingRecord::Sums::Add(const v1::PartResult& part) {
  samples += part.samples();
  if (part.outcome_unknown()) return;
  judged += part.samples();
  loss += part.loss();
  correct += part.correct();
  top_k_correct += part.top_k_correct();
}

void TrainingRecord::StartEpoch(absl::Duration now) {
  batch_times_.Begin(now);
  epoch_ = {};
  epoch_seconds_ = 0;
  epoch_start_ = now;
  training_ = true;
  paused_ = false;
}

double TrainingRecord::EpochSeconds(absl::Duration now) const {
  return epoch_seconds_ + (paused_ ? 0 : absl::ToDoubleSeconds(now - epoch_start_));
}

void TrainingRecord::Pause(absl::Duration now) {
  epoch_seconds_ = EpochSeconds(now);
  paused_ = true;
}

void TrainingRecord::Continue(absl::Duration now) {
  batch_times_.Begin(now);
  epoch_start_ = now;
  training_ = true;
  paused_ = false;
}

void TrainingRecord::AddBatch(const Ledger::BatchDone& batch) {
  Sums sums;
  for (const v1::PartResult& part : batch.parts) {
    sums.Add(part);
    epoch_.Add(part);
  }
  samples_ += sums.samples;
  const double loss = sums.judged == 0 ? 0 : sums.loss / double(sums.judged);
  if (first_losses_.size() < kFirstLosses) {
    first_losses_.push_back(loss);
    ++history_change_;
  }
  recent_losses_.push_back(loss);
  if (recent_losses_.size() > kRecentLosses) recent_losses_.pop_front();
}

void TrainingRecord::EndEpoch(uint32_t epoch, absl::Duration now) {
  v1::EpochSummary summary;
  summary.set_epoch(epoch);
  summary.set_samples(epoch_.samples);
  summary.set_loss(epoch_.judged == 0 ? 0 : epoch_.loss / double(epoch_.judged));
  summary.set_accuracy(epoch_.judged == 0 ? 0 : double(epoch_.correct) / double(epoch_.judged));
  summary.set_seconds(EpochSeconds(now));
  epochs_.push_back(summary);
  ++history_change_;
  train_seconds_ += summary.seconds();
  training_ = false;
  evaluation_ = {};
  confusions_ = {};
}

void TrainingRecord::AddEvaluation(const Ledger::BatchDone& chunk) {
  for (const v1::PartResult& part : chunk.parts) evaluation_.Add(part);
  for (const v1::Confusion& confusion : chunk.confusions) {
    confusions_.Add(confusion.truth(), confusion.predicted(), confusion.count());
  }
}

void TrainingRecord::EndEvaluation(uint32_t epoch) {
  v1::Evaluation evaluation;
  evaluation.set_epoch(epoch);
  evaluation.set_samples(evaluation_.samples);
  if (evaluation_.samples > 0) {
    evaluation.set_loss(evaluation_.loss / double(evaluation_.samples));
    evaluation.set_accuracy(double(evaluation_.correct) / double(evaluation_.samples));
    // Among all classes every row is right.
    if (metrics_.loss == v1::LOSS_CROSS_ENTROPY && metrics_.top_k < metrics_.classes) {
      evaluation.set_top_k(metrics_.top_k);
      evaluation.set_top_k_accuracy(double(evaluation_.top_k_correct) / double(evaluation_.samples));
    }
  }
  // The number of classes stands for none of them where rows have several labels.
  evaluation.set_macro_f1(confusions_.MacroF1(metrics_.classes));
  for (const ConfusionMatrix::Entry& entry : confusions_.MostConfused(kConfusions)) {
    auto* confusion = evaluation.add_confusions();
    confusion->set_truth(entry.truth);
    confusion->set_predicted(entry.predicted);
    confusion->set_count(entry.count);
  }
  evaluations_.push_back(evaluation);
  ++history_change_;
  // Every record of a moment would hold them: thousands of counts, with each result.
  evaluation_ = {};
  confusions_ = {};
}

void TrainingRecord::AddUse(const v1::WorkerUse& use) {
  use_.set_bytes_pulled(use_.bytes_pulled() + use.bytes_pulled());
  use_.set_bytes_pushed(use_.bytes_pushed() + use.bytes_pushed());
  const auto add = [](double told, double sum) { return sum + SaneSeconds(told); };
  use_.set_seconds_waiting_for_lease(add(use.seconds_waiting_for_lease(), use_.seconds_waiting_for_lease()));
  use_.set_seconds_reading(add(use.seconds_reading(), use_.seconds_reading()));
  use_.set_seconds_pulling(add(use.seconds_pulling(), use_.seconds_pulling()));
  use_.set_seconds_computing(add(use.seconds_computing(), use_.seconds_computing()));
  use_.set_seconds_pushing(add(use.seconds_pushing(), use_.seconds_pushing()));
  if (!use.has_ring()) return;
  v1::RingDifference& ring = *use_.mutable_ring();
  ring.set_sums(ring.sums() + use.ring().sums());
  ring.set_differ(ring.differ() + use.ring().differ());
  ring.set_largest(std::max(ring.largest(), use.ring().largest()));
}

void TrainingRecord::AddUse(const v1::Node& worker, const v1::WorkerUse& use, absl::Duration now) {
  AddUse(use);
  if (use.has_time()) profile_.Add(worker, use.time(), now);
}

void TrainingRecord::Warn(const std::string& warning) {
  ++history_change_;
  warnings_.push_back(warning);
  if (warnings_.size() > kWarnings) warnings_.pop_front();
}

void TrainingRecord::Fill(v1::JobStatus* status, absl::Duration now) const {
  const double seconds = train_seconds_ + (training_ ? EpochSeconds(now) : 0);
  status->set_samples(samples_);
  status->set_train_seconds(seconds);
  status->set_rows_per_s(seconds > 0 ? double(samples_) / seconds : 0);
  double recent = 0;
  for (const double loss : recent_losses_) recent += loss;
  status->set_batch_seconds_p50(absl::ToDoubleSeconds(batch_times_.Quantile(0.5)));
  status->set_batch_seconds_p99(absl::ToDoubleSeconds(batch_times_.Quantile(0.99)));
  status->set_batch_seconds_max(absl::ToDoubleSeconds(batch_times_.longest()));
  status->set_recent_loss(recent_losses_.empty() ? 0 : recent / double(recent_losses_.size()));
  *status->mutable_first_losses() = {first_losses_.begin(), first_losses_.end()};
  *status->mutable_epochs_done() = {epochs_.begin(), epochs_.end()};
  *status->mutable_evaluations() = {evaluations_.begin(), evaluations_.end()};
  *status->mutable_warnings() = {warnings_.begin(), warnings_.end()};
  *status->mutable_use() = use_;
  profile_.Fill(status);
}

}  // namespace pumasi
