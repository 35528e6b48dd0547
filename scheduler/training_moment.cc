// TrainingRecord and its records.
#include <algorithm>
#include <utility>

#include "scheduler/training_record.h"

namespace pumasi {

v1::TrainingSums TrainingRecord::Sums::ToMessage() const {
  v1::TrainingSums message;
  message.set_samples(samples);
  message.set_judged(judged);
  message.set_loss(loss);
  message.set_correct(correct);
  message.set_top_k_correct(top_k_correct);
  return message;
}

TrainingRecord::Sums TrainingRecord::Sums::Of(const v1::TrainingSums& message) {
  return {message.samples(), message.judged(), message.loss(), message.correct(), message.top_k_correct()};
}

v1::TrainingMoment TrainingRecord::Moment(absl::Duration now) const {
  v1::TrainingMoment moment;
  *moment.mutable_epoch() = epoch_.ToMessage();
  moment.set_samples(samples_);
  moment.set_train_seconds(train_seconds_);
  moment.set_training(training_);
  if (training_) moment.set_epoch_seconds(EpochSeconds(now));
  *moment.mutable_recent_losses() = {recent_losses_.begin(), recent_losses_.end()};
  moment.set_first_losses(static_cast<uint32_t>(first_losses_.size()));
  moment.set_epochs(static_cast<uint32_t>(epochs_.size()));
  moment.set_evaluations(static_cast<uint32_t>(evaluations_.size()));
  *moment.mutable_evaluation() = evaluation_.ToMessage();
  for (const ConfusionMatrix::Entry& entry : confusions_.Entries()) {
    auto* confusion = moment.add_confusions();
    confusion->set_truth(entry.truth);
    confusion->set_predicted(entry.predicted);
    confusion->set_count(entry.count);
  }
  return moment;
}

void TrainingRecord::ReturnTo(const v1::TrainingMoment& moment) {
  ++history_change_;
  epoch_ = Sums::Of(moment.epoch());
  evaluation_ = Sums::Of(moment.evaluation());
  confusions_ = {};
  for (const v1::Confusion& confusion : moment.confusions()) {
    confusions_.Add(confusion.truth(), confusion.predicted(), confusion.count());
  }
  samples_ = moment.samples();
  train_seconds_ = moment.train_seconds();
  training_ = moment.training();
  paused_ = true;
  epoch_seconds_ = moment.epoch_seconds();
  recent_losses_.assign(moment.recent_losses().begin(), moment.recent_losses().end());
  first_losses_.resize(std::min<size_t>(first_losses_.size(), moment.first_losses()));
  epochs_.resize(std::min<size_t>(epochs_.size(), moment.epochs()));
  evaluations_.resize(std::min<size_t>(evaluations_.size(), moment.evaluations()));
}

void TrainingRecord::SaveHistory(v1::JobHistoryRecord* record) const {
  *record->mutable_first_losses() = {first_losses_.begin(), first_losses_.end()};
  *record->mutable_epochs() = {epochs_.begin(), epochs_.end()};
  *record->mutable_evaluations() = {evaluations_.begin(), evaluations_.end()};
  *record->mutable_warnings() = {warnings_.begin(), warnings_.end()};
}

void TrainingRecord::RestoreHistory(const v1::JobHistoryRecord& record, const v1::WorkerUse& use) {
  ++history_change_;
  first_losses_.assign(record.first_losses().begin(), record.first_losses().end());
  epochs_.assign(record.epochs().begin(), record.epochs().end());
  evaluations_.assign(record.evaluations().begin(), record.evaluations().end());
  warnings_.assign(record.warnings().begin(), record.warnings().end());
  use_ = use;
}

}  // namespace pumasi
