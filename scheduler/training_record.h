// What a job's training came to: losses, epochs, evaluations, bytes. Sums are taken in the order of batches and parts,
// so that they have the same bits however the work was shared out.
#ifndef PUMASI_SCHEDULER_TRAINING_RECORD_H_
#define PUMASI_SCHEDULER_TRAINING_RECORD_H_

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "ops/confusion_matrix.h"
#include "proto/job_record.pb.h"
#include "proto/scheduler.pb.h"
#include "scheduler/batch_times.h"
#include "scheduler/job_profile.h"
#include "scheduler/ledger.h"

namespace pumasi {

// Not thread-safe.
class TrainingRecord {
 public:
  // What of a job says which metrics an evaluation has.
  struct Metrics {
    v1::Loss loss = v1::LOSS_CROSS_ENTROPY;
    uint32_t top_k = 0;
    uint32_t classes = ~uint32_t{0};
  };
  // To be called before the first evaluation ends.
  void SetMetrics(const Metrics& metrics) { metrics_ = metrics; }

  void StartEpoch(absl::Duration now);
  void AddBatch(const Ledger::BatchDone& batch);
  // A batch of the epoch under way is done.
  void BatchEnded(absl::Duration now) { batch_times_.Ended(now); }
  const BatchTimes& batch_times() const { return batch_times_; }
  void EndEpoch(uint32_t epoch, absl::Duration now);
  void AddEvaluation(const Ledger::BatchDone& chunk);
  void EndEvaluation(uint32_t epoch);
  // What a worker told of its bytes and its time; what makes no sense counts for nothing.
  void AddUse(const v1::WorkerUse& use);
  void AddUse(const v1::Node& worker, const v1::WorkerUse& use, absl::Duration now);
  // How nodes spend their time. Not part of any record.
  JobProfile& profile() { return profile_; }
  void Warn(const std::string& warning);

  // Time that passes does not count until Continue.
  void Pause(absl::Duration now);
  void Continue(absl::Duration now);

  // What belongs to this moment, and back to it: what came later is forgotten (warnings and use stay). Time stands
  // still afterwards, as after Pause.
  v1::TrainingMoment Moment(absl::Duration now) const;
  void ReturnTo(const v1::TrainingMoment& moment);
  // Records of another TrainingRecord: ReturnTo of its last moment, and Continue, complete it.
  void SaveHistory(v1::JobHistoryRecord* record) const;
  void RestoreHistory(const v1::JobHistoryRecord& record, const v1::WorkerUse& use);
  // Raised whenever what SaveHistory saves has changed.
  uint64_t history_change() const { return history_change_; }
  const v1::WorkerUse& use() const { return use_; }

  // Mean loss of the last evaluation. REQUIRES: there was one.
  double last_test_loss() const { return evaluations_.back().loss(); }

  void Fill(v1::JobStatus* status, absl::Duration now) const;

 private:
  struct Sums {
    uint64_t samples = 0;
    uint64_t judged = 0;  // samples whose loss is known
    double loss = 0;
    uint64_t correct = 0;
    uint64_t top_k_correct = 0;
    void Add(const v1::PartResult& part);
    v1::TrainingSums ToMessage() const;
    static Sums Of(const v1::TrainingSums& message);
  };

  double EpochSeconds(absl::Duration now) const;

  Metrics metrics_;
  BatchTimes batch_times_;
  Sums epoch_, evaluation_;
  ConfusionMatrix confusions_;
  uint64_t samples_ = 0;
  double train_seconds_ = 0;
  bool training_ = false;     // an epoch is under way
  bool paused_ = false;       // and time does not count
  double epoch_seconds_ = 0;  // before epoch_start_
  absl::Duration epoch_start_;
  std::deque<double> recent_losses_;
  std::vector<double> first_losses_;
  std::vector<v1::EpochSummary> epochs_;
  std::vector<v1::Evaluation> evaluations_;
  std::deque<std::string> warnings_;
  uint64_t history_change_ = 0;
  v1::WorkerUse use_;
  JobProfile profile_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_TRAINING_RECORD_H_
