// A job small enough to look at every row of, and the units of its work.
#ifndef PUMASI_TESTS_JOB_TINY_WORK_H_
#define PUMASI_TESTS_JOB_TINY_WORK_H_

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "common/layout/part_range.h"
#include "common/model_plan.h"
#include "ops/initializer.h"
#include "worker/input/label_kind.h"
#include "worker/job/device_team.h"
#include "worker/job/unit.h"

namespace pumasi {

inline constexpr uint32_t kVocabulary = 12;
inline constexpr uint32_t kClasses = 3;

// Row r has r % 4 + 1 tokens; its class is r % 3, its classes are the bits of r % 8, its numbers r and -r / 4.
class CountingRows : public RowSource {
 public:
  explicit CountingRows(uint64_t rows, LabelKind kind = LabelKind::kClass) : rows_(rows), kind_(kind) {}
  uint64_t rows() const override { return rows_; }
  void Get(uint64_t row, std::vector<uint32_t>* tokens, std::vector<uint32_t>* labels) const override {
    REQUIRE(row < rows_);
    tokens->clear();
    for (uint64_t i = 0; i <= row % 4; ++i) tokens->push_back(static_cast<uint32_t>((row * 5 + i * 7) % kVocabulary));
    labels->clear();
    if (kind_ == LabelKind::kClass) labels->push_back(row % kClasses);
    if (kind_ == LabelKind::kNumbers) *labels = {BitsOf(float(row)), BitsOf(float(row) / -4)};
    for (uint32_t label = 0; kind_ == LabelKind::kClasses && label < kClasses; ++label) {
      if (row >> label & 1) labels->push_back(label);
    }
    ++asked[row];
  }
  mutable std::map<uint64_t, int> asked;

 private:
  const uint64_t rows_;
  const LabelKind kind_;
};

inline v1::Job TinyJob(v1::Loss loss = v1::LOSS_CROSS_ENTROPY) {
  v1::Job job;
  job.set_seed(3);
  job.set_loss(loss);
  job.set_top_k(2);
  job.add_model()->mutable_embedding()->set_width(2);
  job.add_model()->mutable_lstm()->set_units(2);
  job.add_model()->mutable_dense()->set_activation(loss == v1::LOSS_CROSS_ENTROPY          ? v1::ACTIVATION_SOFTMAX
                                                   : loss == v1::LOSS_BINARY_CROSS_ENTROPY ? v1::ACTIVATION_SIGMOID
                                                                                           : v1::ACTIVATION_LINEAR);
  return job;
}

// 23 rows in batches of 10, 4 parts each: the last batch has 3 rows, and so one empty part at least.
struct TinyWork {
  WorkShape shape;
  CountingRows train;
  CountingRows test;
  std::vector<v1::TableSpec> tables;
  std::vector<std::vector<float>> values;
  std::unique_ptr<Model> model;
  std::unique_ptr<DeviceTeam> devices;

  explicit TinyWork(const v1::Job& job = TinyJob(), size_t device_count = 1)
      : shape{{23, 10, 4}, 99, RowShape::Of(job)}, train(23, shape.rows.labels), test(9, shape.rows.labels) {
    v1::DataSummary data;
    data.set_vocabulary(kVocabulary);
    data.set_classes(job.loss() == v1::LOSS_MSE ? 2 : kClasses);
    auto planned = PlanTables(job, data);
    INFO(planned.status().ToString());
    REQUIRE(planned.ok());
    tables = *std::move(planned);
    for (const v1::TableSpec& table : tables) {
      values.emplace_back(table.rows() * table.columns());
      InitialTensor(table, values.back().data());
      // Away from zero, so that gradients have many magnitudes.
      for (size_t i = 0; i < values.back().size(); ++i) values.back()[i] = values.back()[i] * 3 + 0.01f * float(i % 7);
    }
    model = *Model::Create(job, tables);
    devices = std::make_unique<DeviceTeam>(Models(job, device_count));
  }

  std::vector<std::unique_ptr<Model>> Models(const v1::Job& job, size_t count) const {
    std::vector<std::unique_ptr<Model>> models;
    for (size_t i = 0; i < count; ++i) models.push_back(*Model::Create(job, tables));
    return models;
  }

  v1::Lease Lease(uint64_t batch, PartRange parts, uint32_t epoch = 0) const {
    v1::Lease lease;
    lease.set_token(77);
    lease.set_kind(v1::TRAIN);
    lease.set_epoch(epoch);
    lease.set_batch(batch);
    lease.set_first_part(parts.first);
    lease.set_end_part(parts.end);
    return lease;
  }

  v1::Lease Evaluation(uint64_t first, uint64_t end) const {
    v1::Lease lease;
    lease.set_kind(v1::EVALUATE);
    lease.set_first_row(first);
    lease.set_end_row(end);
    return lease;
  }

  // What the servers would send for the unit.
  PulledParameters Pull(const Unit& unit) const {
    PulledParameters pulled;
    pulled.ids = unit.ids;
    pulled.dense = values;
    pulled.dense[0].clear();
    for (const uint64_t id : unit.ids) {
      pulled.rows.insert(pulled.rows.end(), values[0].begin() + static_cast<ptrdiff_t>(id * 2),
                         values[0].begin() + static_cast<ptrdiff_t>(id * 2 + 2));
    }
    return pulled;
  }

  UnitResult Compute(const v1::Lease& lease) {
    const auto unit = ReadUnit(lease, shape, train, &test);
    REQUIRE(unit.ok());
    const auto result = ComputeUnit(*unit, Pull(*unit), shape, tables, *devices);
    INFO(result.status().ToString());
    REQUIRE(result.ok());
    return *result;
  }
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_JOB_TINY_WORK_H_
