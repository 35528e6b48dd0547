// Units of jobs with other labels than one class a row, and what evaluations tell beyond right and wrong.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <vector>

#include "tests/job/tiny_work.h"
#include "worker/job/unit.h"

namespace pumasi {
namespace {

TEST_CASE("An evaluation tells how many rows have their class among the k most likely") {
  TinyWork work;
  uint64_t by_hand = 0, correct = 0;
  for (uint64_t row = 0; row < 9; ++row) {
    const auto unit = ReadUnit(work.Evaluation(row, row + 1), work.shape, work.train, &work.test);
    const PulledParameters pulled = work.Pull(*unit);
    Parameters parameters;
    for (const auto& dense : pulled.dense) parameters.dense.push_back(dense.empty() ? nullptr : dense.data());
    parameters.rows = pulled.rows.data();
    std::vector<float> probabilities;
    REQUIRE(work.model->Predict(unit->parts[0], parameters, &probabilities).ok());
    const float own = probabilities[row % kClasses];
    by_hand += std::count_if(probabilities.begin(), probabilities.end(), [&](float p) { return p > own; }) < 2;
    const UnitResult alone = work.Compute(work.Evaluation(row, row + 1));
    correct += alone.done.parts(0).correct();
  }
  const UnitResult whole = work.Compute(work.Evaluation(0, 9));
  CHECK(whole.done.parts(0).top_k_correct() == by_hand);
  CHECK(whole.done.parts(0).correct() == correct);
  CHECK(by_hand > correct);
}

TEST_CASE("With several labels a row a part holds them all, and an evaluation tells missed and wrong ones") {
  TinyWork work(TinyJob(v1::LOSS_BINARY_CROSS_ENTROPY));
  const auto unit = ReadUnit(work.Evaluation(2, 9), work.shape, work.train, &work.test);
  REQUIRE(unit.ok());
  const Part& part = unit->parts[0];
  // Rows 2 to 8 are 010, 011, 100, 101, 110, 111, 000.
  CHECK(part.labels == std::vector<int32_t>{1, 0, 1, 2, 0, 2, 1, 2, 0, 1, 2});
  CHECK(part.label_offsets == std::vector<uint32_t>{0, 1, 3, 4, 6, 8, 11, 11});
  CHECK(part.targets.empty());
  CHECK(CheckPart(part, kClasses, true, v1::LOSS_BINARY_CROSS_ENTROPY).ok());

  const UnitResult result = work.Compute(work.Evaluation(0, 9));
  std::map<uint32_t, uint64_t> true_labels;
  for (const v1::Confusion& confusion : result.done.confusions()) {
    CHECK((confusion.truth() == confusion.predicted() ||
           (confusion.truth() == kClasses) != (confusion.predicted() == kClasses)));
    if (confusion.truth() < kClasses) true_labels[confusion.truth()] += confusion.count();
  }
  // Each label, right or missed, counts once: rows 0 to 8 have four of each.
  CHECK(true_labels == std::map<uint32_t, uint64_t>{{0, 4}, {1, 4}, {2, 4}});
  CHECK(result.done.parts(0).top_k_correct() == 0);
  CHECK(work.Compute(work.Lease(0, {0, 4})).done.parts(0).loss() > 0);
}

TEST_CASE("With mse a part holds numbers, and the loss is how far the outputs are from them") {
  TinyWork work(TinyJob(v1::LOSS_MSE));
  const auto unit = ReadUnit(work.Evaluation(2, 5), work.shape, work.train, &work.test);
  REQUIRE(unit.ok());
  const Part& part = unit->parts[0];
  CHECK(part.labels.empty());
  CHECK(part.label_offsets.empty());
  CHECK(part.targets == std::vector<float>{2, -0.5, 3, -0.75, 4, -1});
  CHECK(CheckPart(part, 2, true, v1::LOSS_MSE).ok());
  const UnitResult result = work.Compute(work.Evaluation(0, 9));
  CHECK(result.done.parts(0).loss() > 0);
  CHECK(result.done.parts(0).correct() == 0);
  CHECK(result.done.confusions().empty());
  CHECK(work.Compute(work.Lease(2, {0, 4})).done.parts_size() == 4);
}

TEST_CASE("With mask_zero id 0 is not read, also where nothing else is in a row") {
  v1::Job job = TinyJob();
  job.mutable_model(0)->mutable_embedding()->set_mask_zero(true);
  TinyWork work(job), plain;
  // Row 0 is the id 0 alone; row 1 is 5, 0.
  const auto unit = ReadUnit(work.Evaluation(0, 2), work.shape, work.train, &work.test);
  REQUIRE(unit.ok());
  CHECK(unit->ids == std::vector<uint64_t>{5});
  CHECK(unit->parts[0].offsets == std::vector<uint32_t>{0, 0, 1});
  CHECK(ReadUnit(plain.Evaluation(0, 2), plain.shape, plain.train, &plain.test)->ids == std::vector<uint64_t>{0, 5});
  // A part of nothing but masked tokens has rows and no ids, and computes.
  const UnitResult empty = work.Compute(work.Evaluation(0, 1));
  CHECK(empty.done.parts(0).samples() == 1);
  CHECK(empty.done.parts(0).loss() > 0);
  CHECK(work.Compute(work.Lease(0, {0, 4})).gradient.rows[0].ids.front() > 0);
}

TEST_CASE("The shape of the work is the job's") {
  v1::Job job = TinyJob(v1::LOSS_MSE);
  job.set_batch(10);
  job.set_micro_batches(5);
  job.mutable_model(0)->mutable_embedding()->set_mask_zero(true);
  v1::DataSummary data;
  data.set_train_rows(23);
  const WorkShape shape = WorkShapeOf(job, data);
  CHECK(shape.plan.rows == 23);
  CHECK(shape.plan.BatchesPerEpoch() == 3);
  CHECK(shape.plan.parts == 5);
  CHECK(shape.seed == 3);
  CHECK(shape.rows.labels == LabelKind::kNumbers);
  CHECK(shape.rows.mask_zero);
}

}  // namespace
}  // namespace pumasi
