#include "scheduler/training_record.h"

#include <catch2/catch.hpp>
#include <cmath>
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

TEST_CASE("A moment holds the counts of an evaluation under way, and of none that is over") {
  TrainingRecord record;
  record.StartEpoch(At(0));
  record.EndEpoch(0, At(1));
  record.AddEvaluation({0, {Part(10, 5, 8)}, {Confused(1, 2, 1)}});
  CHECK(record.Moment(At(2)).confusions_size() == 1);
  CHECK(record.Moment(At(2)).evaluation().samples() == 10);
  record.EndEvaluation(0);
  CHECK(record.Moment(At(2)).confusions_size() == 0);
  CHECK(record.Moment(At(2)).evaluation().samples() == 0);
  CHECK(StatusOf(record, 2).evaluations(0).samples() == 10);
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

v1::PartResult PartTop(uint64_t samples, uint64_t correct, uint64_t top_k_correct) {
  v1::PartResult part = Part(samples, 0, correct);
  part.set_top_k_correct(top_k_correct);
  return part;
}

v1::Evaluation Evaluated(const TrainingRecord::Metrics& metrics, const std::vector<v1::PartResult>& parts,
                         const std::vector<v1::Confusion>& confusions) {
  TrainingRecord record;
  record.SetMetrics(metrics);
  record.StartEpoch(At(0));
  record.EndEpoch(0, At(1));
  for (size_t i = 0; i < parts.size(); ++i)
    record.AddEvaluation({i, {parts[i]}, i == 0 ? confusions : decltype(confusions){}});
  record.EndEvaluation(0);
  return StatusOf(record, 1).evaluations(0);
}

TEST_CASE("Rows among the k most likely count where k leaves a class out, and only with cross_entropy") {
  const std::vector<v1::PartResult> parts = {PartTop(10, 3, 6), PartTop(6, 4, 6)};
  v1::Evaluation evaluation = Evaluated({v1::LOSS_CROSS_ENTROPY, 5, 6}, parts, {});
  CHECK(evaluation.top_k() == 5);
  CHECK(evaluation.top_k_accuracy() == 0.75);
  CHECK(evaluation.accuracy() == 7.0 / 16);
  for (const TrainingRecord::Metrics& metrics : {TrainingRecord::Metrics{v1::LOSS_CROSS_ENTROPY, 5, 5},
                                                 {v1::LOSS_CROSS_ENTROPY, 5, 2},
                                                 {v1::LOSS_BINARY_CROSS_ENTROPY, 5, 6},
                                                 {v1::LOSS_MSE, 5, 6}}) {
    evaluation = Evaluated(metrics, parts, {});
    CHECK(evaluation.top_k() == 0);
    CHECK(evaluation.top_k_accuracy() == 0);
  }
}

TEST_CASE("With several labels a row, none is a side of a confusion, but no class of the macro F1") {
  // Class 0: 3 right, 1 missed, 2 wrong; class 1: 2 missed; class 2 does not occur. 3 stands for none.
  const std::vector<v1::Confusion> confusions = {Confused(0, 0, 3), Confused(0, 3, 1), Confused(3, 0, 2),
                                                 Confused(1, 3, 2)};
  const v1::Evaluation evaluation = Evaluated({v1::LOSS_BINARY_CROSS_ENTROPY, 5, 3}, {Part(8, 1, 2)}, confusions);
  CHECK(evaluation.macro_f1() == Approx((2 * 3.0 / (2 * 3 + 1 + 2) + 0) / 2));
  REQUIRE(evaluation.confusions_size() == 3);
  CHECK(evaluation.confusions(0).count() == 2);
  CHECK(evaluation.confusions(0).truth() == 1);
  CHECK(evaluation.confusions(0).predicted() == 3);
  CHECK(evaluation.accuracy() == 0.25);
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

TEST_CASE("A worker's time counts for the job and for itself, unless it makes no sense") {
  TrainingRecord record;
  v1::Node worker;
  worker.set_name("w1");
  worker.set_role(v1::ROLE_WORKER);
  v1::WorkerUse use;
  use.set_seconds_computing(2);
  use.mutable_time()->set_seconds(4);
  use.mutable_time()->set_busy(4);
  record.AddUse(worker, use, At(1));
  record.AddUse(worker, use, At(2));
  use.Clear();
  use.set_seconds_computing(std::nan(""));
  use.set_seconds_pulling(-1);
  use.set_seconds_reading(1e300);
  record.AddUse(worker, use, At(3));
  const v1::JobStatus status = StatusOf(record, 4);
  CHECK(status.use().seconds_computing() == 4);
  CHECK(status.use().seconds_pulling() == 0);
  CHECK(status.use().seconds_reading() == 0);
  REQUIRE(status.nodes_size() == 1);
  CHECK(status.nodes(0).node() == "w1");
  CHECK(status.nodes(0).time().busy() == 8);
  CHECK(status.bottleneck().kind() == v1::Bottleneck::COMPUTE);
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
