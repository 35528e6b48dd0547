// Whole models with branches, under each loss, against Keras 3 (models_golden.py).
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "common/model_plan.h"
#include "ops/embedding.h"
#include "tests/ops/same_numbers.h"
#include "tests/worker_model/layer_run.h"
#include "worker/model/model.h"

namespace pumasi {
namespace {

template <typename T>
std::vector<T> Rest(std::istringstream* line) {
  std::vector<T> values;
  for (T value; *line >> value;) values.push_back(value);
  return values;
}

struct Golden {
  std::string name;
  v1::Job job;
  size_t outputs = 0;
  std::vector<uint32_t> lengths;
  std::vector<uint64_t> ids;
  std::vector<double> targets, predictions;
  struct Table {
    size_t rows = 0, columns = 0;
    std::vector<double> values, gradient;
  };
  std::vector<Table> tables;
  double total = 0;

  void Read(const std::string& key, std::istringstream* line, size_t* gradients) {
    if (key == "loss") {
      std::string loss;
      double smoothing = 0;
      *line >> loss >> smoothing >> outputs;
      job.set_label_smoothing(smoothing);
      job.set_loss(loss == "mse"             ? v1::LOSS_MSE
                   : loss == "cross_entropy" ? v1::LOSS_CROSS_ENTROPY
                                             : v1::LOSS_BINARY_CROSS_ENTROPY);
    }
    if (key == "lengths") lengths = Rest<uint32_t>(line);
    if (key == "ids") ids = Rest<uint64_t>(line);
    if (key == "targets") targets = Rest<double>(line);
    if (key == "predictions") predictions = Rest<double>(line);
    if (key == "total") *line >> total;
    if (key == "gradient") tables.at((*gradients)++).gradient = Rest<double>(line);
    if (key == "table") {
      Table& table = tables.emplace_back();
      *line >> table.rows >> table.columns;
      table.values = Rest<double>(line);
    }
  }

  Part MakePart() const {
    Part part;
    part.offsets = {0};
    for (const uint32_t length : lengths) part.offsets.push_back(part.offsets.back() + length);
    std::vector<uint64_t> all = ids;
    MergeIds(all.data(), all.size(), &part.ids, &part.tokens);
    if (job.loss() == v1::LOSS_MSE) {
      part.targets.assign(targets.begin(), targets.end());
      return part;
    }
    std::vector<uint32_t> label_offsets = {0};
    for (size_t i = 0; i < targets.size(); ++i) {
      if (targets[i] == 1) part.labels.push_back(static_cast<int32_t>(i % outputs));
      if (i % outputs == outputs - 1) label_offsets.push_back(static_cast<uint32_t>(part.labels.size()));
    }
    if (job.loss() == v1::LOSS_BINARY_CROSS_ENTROPY) part.label_offsets = label_offsets;
    return part;
  }
};

std::vector<Golden> ReadGolden() {
  std::ifstream file("tests/conformance/models_golden.txt");
  std::vector<Golden> all;
  size_t gradients = 0;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string key;
    line >> key;
    if (key == "case") {
      line >> all.emplace_back().name;
      gradients = 0;
    } else if (key == "layer") {
      *all.back().job.add_model() = LayerOf(text.substr(6));
    } else if (key != "#") {
      all.back().Read(key, &line, &gradients);
    }
  }
  return all;
}

TEST_CASE("Models with branches, and every loss, agree with Keras: loss, gradients and predictions") {
  constexpr double kTolerance = 3e-6;
  const std::vector<Golden> all = ReadGolden();
  REQUIRE(all.size() == 4);
  for (const Golden& golden : all) {
    CAPTURE(golden.name);
    v1::DataSummary data;
    data.set_vocabulary(static_cast<uint32_t>(golden.tables[0].rows));
    data.set_classes(static_cast<uint32_t>(golden.outputs));
    const auto tables = PlanTables(golden.job, data);
    INFO(tables.status().ToString());
    REQUIRE(tables.ok());
    REQUIRE(tables->size() == golden.tables.size());
    const Part part = golden.MakePart();
    std::vector<std::vector<float>> values;
    Parameters parameters;
    for (size_t i = 0; i < tables->size(); ++i) {
      REQUIRE((*tables)[i].rows() == golden.tables[i].rows);
      REQUIRE((*tables)[i].columns() == golden.tables[i].columns);
      values.emplace_back(golden.tables[i].values.begin(), golden.tables[i].values.end());
    }
    const size_t width = golden.tables[0].columns;
    std::vector<float> rows;
    for (const uint64_t id : part.ids) {
      rows.insert(rows.end(), values[0].begin() + id * width, values[0].begin() + (id + 1) * width);
    }
    for (const auto& table : values) parameters.dense.push_back(table.data());
    parameters.dense[0] = nullptr;
    parameters.rows = rows.data();

    const auto model = Model::Create(golden.job, *tables);
    REQUIRE(model.ok());
    PartGradients gradients;
    PartOutcome outcome;
    REQUIRE((*model)->Train(part, parameters, part.rows(), &gradients, &outcome).ok());
    CHECK(outcome.loss == Approx(golden.total).epsilon(1e-6));
    const double batch_rows = static_cast<double>(part.rows());
    std::vector<double> by_rows(golden.tables[0].gradient.size());
    for (size_t i = 0; i < gradients.rows.size(); ++i) {
      by_rows[part.ids[i / width] * width + i % width] = gradients.rows[i] * batch_rows;
    }
    CHECK(Difference(by_rows, golden.tables[0].gradient) < kTolerance);
    for (size_t i = 1; i < tables->size(); ++i) {
      CAPTURE((*tables)[i].name());
      // Statistics are not divided by the batch's rows.
      const bool moving = (*tables)[i].update() == v1::TableSpec::MOVING_AVERAGE;
      std::vector<double> have;
      for (const float value : gradients.dense[i]) have.push_back(value * (moving ? 1 : batch_rows));
      CHECK(Difference(have, golden.tables[i].gradient) < kTolerance);
    }
    std::vector<float> predictions;
    REQUIRE((*model)->Predict(part, parameters, &predictions).ok());
    CHECK(Difference(predictions, golden.predictions) < kTolerance);
  }
}

}  // namespace
}  // namespace pumasi
