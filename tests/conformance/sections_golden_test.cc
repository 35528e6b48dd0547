// The sections network's first 20 losses against PyTorch's, from the same initial weights (sections_golden.py). Model
// and optimizer alone: no daemons.
#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "common/model_plan.h"
#include "ops/embedding.h"
#include "ops/initializer.h"
#include "ops/optimizer.h"
#include "worker/model/model.h"

namespace pumasi {
namespace {

constexpr size_t kBatches = 20, kBatchRows = 64;

struct Row {
  int32_t label;
  std::vector<uint64_t> ids;
};

std::vector<Row> ReadRows() {
  std::ifstream file("tests/conformance/sections_rows.txt");
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    std::istringstream numbers(line);
    Row row;
    numbers >> row.label;
    for (uint64_t id; numbers >> id;) row.ids.push_back(id);
    rows.push_back(row);
  }
  return rows;
}

std::vector<double> ReadLosses() {
  std::ifstream file("tests/conformance/sections_losses.txt");
  std::vector<double> losses;
  for (double loss; file >> loss;) losses.push_back(loss);
  return losses;
}

Part MakePart(const std::vector<Row>& rows, size_t begin, size_t end) {
  Part part;
  std::vector<uint64_t> ids;
  part.offsets.push_back(0);
  for (size_t row = begin; row < end; ++row) {
    ids.insert(ids.end(), rows[row].ids.begin(), rows[row].ids.end());
    part.offsets.push_back(static_cast<uint32_t>(ids.size()));
    part.labels.push_back(rows[row].label);
  }
  MergeIds(ids.data(), ids.size(), &part.ids, &part.tokens);
  return part;
}

v1::Job SectionsJob() {
  v1::Job job;
  job.set_seed(1);
  job.add_model()->mutable_embedding()->set_width(100);
  job.add_model()->mutable_lstm()->set_units(128);
  job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
  v1::Adam* adam = job.mutable_optimizer()->mutable_adam();
  adam->set_learning_rate(0.001);
  adam->set_beta_1(0.9);
  adam->set_beta_2(0.999);
  adam->set_epsilon(1e-8);
  return job;
}

// Tables with their optimizer's state, as servers hold them, on one heap.
class Tables {
 public:
  Tables(const v1::Job& job, const std::vector<v1::TableSpec>& specs)
      : specs_(specs), optimizer_(*MakeOptimizer(job.optimizer())) {
    for (const v1::TableSpec& spec : specs) {
      values_.emplace_back(spec.rows() * spec.columns());
      InitialTensor(spec, values_.back().data());
      slots_.emplace_back(values_.back().size() * optimizer_->slots());
      last_.emplace_back(spec.rows());
    }
  }

  // The parameters after `version` steps; `rows` holds the memory of the part's rows.
  Parameters At(uint64_t version, const Part& part, std::vector<float>* rows) const {
    const uint32_t width = specs_[0].columns();
    rows->resize(part.ids.size() * width);
    for (size_t i = 0; i < part.ids.size(); ++i) {
      const uint64_t id = part.ids[i];
      optimizer_->Peek(last_[0][id], version, width, &values_[0][id * width], slots_[0].data() + SlotsAt(0, id),
                       rows->data() + i * width);
    }
    Parameters parameters;
    for (const auto& values : values_) parameters.dense.push_back(values.data());
    parameters.dense[0] = nullptr;
    parameters.rows = rows->data();
    return parameters;
  }

  void Apply(uint64_t step, size_t table, uint64_t row, const float* gradient) {
    const uint32_t width = specs_[table].columns();
    float* const value = &values_[table][row * width];
    float* const slots = slots_[table].data() + SlotsAt(table, row);
    optimizer_->CatchUp(last_[table][row], step - 1, width, value, slots);
    optimizer_->Apply(step, width, gradient, value, slots);
    last_[table][row] = step;
  }

 private:
  size_t SlotsAt(size_t table, uint64_t row) const { return row * specs_[table].columns() * optimizer_->slots(); }

  const std::vector<v1::TableSpec> specs_;
  const std::unique_ptr<Optimizer> optimizer_;
  std::vector<std::vector<float>> values_, slots_;
  std::vector<std::vector<uint64_t>> last_;
};

TEST_CASE("The sections network's first 20 losses agree with PyTorch, with one and with four parts a batch") {
  const size_t parts = GENERATE(1, 4);
  CAPTURE(parts);
  const std::vector<Row> rows = ReadRows();
  const std::vector<double> want = ReadLosses();
  REQUIRE(rows.size() == kBatches * kBatchRows);
  REQUIRE(want.size() == kBatches);

  const v1::Job job = SectionsJob();
  v1::DataSummary data;
  data.set_vocabulary(5000);
  data.set_classes(58);
  const auto specs = PlanTables(job, data);
  REQUIRE(specs.ok());
  const auto model = Model::Create(job, *specs);
  REQUIRE(model.ok());
  Tables tables(job, *specs);

  for (size_t batch = 0; batch < kBatches; ++batch) {
    double loss = 0;
    std::vector<std::vector<float>> dense(specs->size());
    std::vector<float> embedding((*specs)[0].rows() * 100);
    std::vector<uint64_t> touched;
    const auto add = [](const std::vector<float>& from, std::vector<float>* to) {
      to->resize(from.size());
      for (size_t i = 0; i < from.size(); ++i) (*to)[i] += from[i];
    };
    for (size_t p = 0; p < parts; ++p) {
      const size_t begin = batch * kBatchRows + p * kBatchRows / parts;
      const Part part = MakePart(rows, begin, begin + kBatchRows / parts);
      std::vector<float> values;
      PartGradients gradients;
      PartOutcome outcome;
      REQUIRE((*model)->Train(part, tables.At(batch, part, &values), kBatchRows, &gradients, &outcome).ok());
      loss += outcome.loss / kBatchRows;
      for (size_t table = 1; table < dense.size(); ++table) add(gradients.dense[table], &dense[table]);
      for (size_t i = 0; i < part.ids.size(); ++i) {
        for (size_t c = 0; c < 100; ++c) embedding[part.ids[i] * 100 + c] += gradients.rows[i * 100 + c];
        touched.push_back(part.ids[i]);
      }
    }
    CHECK(loss == Approx(want[batch]).epsilon(0).margin(1e-4));
    std::vector<uint64_t> distinct;
    std::vector<uint32_t> index;
    MergeIds(touched.data(), touched.size(), &distinct, &index);
    for (const uint64_t id : distinct) tables.Apply(batch + 1, 0, id, &embedding[id * 100]);
    for (size_t table = 1; table < dense.size(); ++table) {
      const uint32_t columns = (*specs)[table].columns();
      for (uint64_t row = 0; row < (*specs)[table].rows(); ++row) {
        tables.Apply(batch + 1, table, row, &dense[table][row * columns]);
      }
    }
  }
}

}  // namespace
}  // namespace pumasi
