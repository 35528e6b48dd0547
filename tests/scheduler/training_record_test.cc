#include "scheduler/training_record.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace pumasi {
namespace {

absl::Duration At(double seconds) { return absl::Seconds(seconds); }

v1::PartResult Part(uint64_t samples, double loss, uint64_t correct) {
  v1::PartResult part;
  part.set_samples(samples);
  part.set_loss(loss);
  part.set_correct(correct);
  return part;
}

v1::Confusion Confused(uint32_t truth, uint32_t predicted, uint64_t count) {
  v1::Confusion confusion;
  confusion.set_truth(truth);
  confusion.set_predicted(predicted);
  confusion.set_count(count);
  return confusion;
}

v1::JobStatus StatusOf(const TrainingRecord& record, double seconds) {
  v1::JobStatus status;
  record.Fill(&status, At(seconds));
  return status;
}

TEST_CASE("Losses are means over samples, of each batch and of the epoch") {
  TrainingRecord record;
  record.StartEpoch(At(10));
  record.AddBatch({0, {Part(3, 6, 1), Part(1, 0, 1)}, {}});
  record.AddBatch({1, {Part(2, 8, 0), Part(0, 0, 0)}, {}});
  record.EndEpoch(0, At(14));
  const v1::JobStatus status = StatusOf(record, 20);
  CHECK(status.samples() == 6);
  REQUIRE(status.first_losses_size() == 2);
  CHECK(status.first_losses(0) == 1.5);
  CHECK(status.first_losses(1) == 4);
  CHECK(status.recent_loss() == 2.75);
  REQUIRE(status.epochs_done_size() == 1);
  CHECK(status.epochs_done(0).loss() == Approx(14.0 / 6));
  CHECK(status.epochs_done(0).accuracy() == Approx(2.0 / 6));
  CHECK(status.epochs_done(0).seconds() == 4);
}

TEST_CASE("Time counts while an epoch trains, not while it is evaluated") {
  TrainingRecord record;
  CHECK(StatusOf(record, 5).rows_per_s() == 0);
  record.StartEpoch(At(10));
  record.AddBatch({0, {Part(30, 1, 1)}, {}});
  CHECK(StatusOf(record, 13).train_seconds() == 3);
  CHECK(StatusOf(record, 13).rows_per_s() == 10);
  record.EndEpoch(0, At(14));
  CHECK(StatusOf(record, 100).train_seconds() == 4);
  record.StartEpoch(At(100));
  CHECK(StatusOf(record, 101).train_seconds() == 5);
}

TEST_CASE("The first 20 losses stay, the recent ones are the last 50") {
  TrainingRecord record;
  record.StartEpoch(At(0));
  for (int i = 0; i < 70; ++i) record.AddBatch({uint64_t(i), {Part(1, i, 0)}, {}});
  const v1::JobStatus status = StatusOf(record, 1);
  REQUIRE(status.first_losses_size() == 20);
  CHECK(status.first_losses(19) == 19);
  CHECK(status.recent_loss() == Approx(44.5));  // 20 to 69
}

TEST_CASE("Confusions are added up and listed from the most frequent, a hundred at most; each evaluation starts anew") {
  TrainingRecord record;
  record.StartEpoch(At(0));
  record.EndEpoch(0, At(1));
  record.AddEvaluation({0, {Part(10, 5, 8)}, {Confused(1, 2, 1), Confused(0, 1, 1)}});
  record.AddEvaluation({1, {Part(10, 7, 9)}, {Confused(0, 1, 1)}});
  record.EndEvaluation(0);
  record.StartEpoch(At(2));
  record.EndEpoch(1, At(3));
  std::vector<v1::Confusion> many;
  for (uint32_t i = 0; i < 150; ++i) many.push_back(Confused(i, 0, i + 1));
  record.AddEvaluation({0, {Part(1, 1, 0)}, many});
  record.EndEvaluation(1);
  record.StartEpoch(At(4));
  record.EndEpoch(2, At(5));
  record.AddEvaluation({0, {Part(1, 1, 0)}, {Confused(7, 8, 3)}});
  record.EndEvaluation(2);
  const v1::JobStatus status = StatusOf(record, 6);
  REQUIRE(status.evaluations_size() == 3);
  const v1::Evaluation& first = status.evaluations(0);
  CHECK(first.samples() == 20);
  CHECK(first.loss() == 0.6);
  CHECK(first.accuracy() == 0.85);
  REQUIRE(first.confusions_size() == 2);
  CHECK(first.confusions(0).truth() == 0);
  CHECK(first.confusions(0).count() == 2);
  const v1::Evaluation& second = status.evaluations(1);
  CHECK(second.samples() == 1);
  REQUIRE(second.confusions_size() == 100);
  CHECK(second.confusions(0).count() == 150);
  CHECK(second.confusions(99).count() == 51);
  REQUIRE(status.evaluations(2).confusions_size() == 1);
  CHECK(status.evaluations(2).confusions(0).truth() == 7);
}

TEST_CASE("A part whose outcome nobody could tell counts its samples, and nothing else") {
  TrainingRecord record;
  record.StartEpoch(At(0));
  v1::PartResult unknown = Part(5, 0, 0);
  unknown.set_outcome_unknown(true);
  record.AddBatch({0, {Part(2, 6, 1), unknown}, {}});
  record.AddBatch({1, {unknown}, {}});
  record.EndEpoch(0, At(1));
  const v1::JobStatus status = StatusOf(record, 1);
  CHECK(status.samples() == 12);
  CHECK(status.first_losses(0) == 3);
  CHECK(status.first_losses(1) == 0);
  CHECK(status.epochs_done(0).samples() == 12);
  CHECK(status.epochs_done(0).loss() == 3);
  CHECK(status.epochs_done(0).accuracy() == 0.5);
}

TEST_CASE("What workers used is added up, and only the latest warnings are kept") {
  TrainingRecord record;
  v1::WorkerUse use;
  use.set_bytes_pulled(5);
  use.set_seconds_computing(0.5);
  record.AddUse(use);
  record.AddUse(use);
  for (int i = 0; i < 30; ++i) record.Warn("warning " + std::to_string(i));
  const v1::JobStatus status = StatusOf(record, 1);
  CHECK(status.use().bytes_pulled() == 10);
  CHECK(status.use().seconds_computing() == 1);
  REQUIRE(status.warnings_size() == 20);
  CHECK(status.warnings(0) == "warning 10");
}

}  // namespace
}  // namespace pumasi
