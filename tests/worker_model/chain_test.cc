// Whole models of many layers: gradients through the chain, dropout's key, parts of no rows.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/model_plan.h"
#include "ops/embedding.h"
#include "ops/loss_reference.h"
#include "ops/softmax_cross_entropy_reference.h"
#include "tests/ops/random_floats.h"
#include "tests/worker_model/layer_run.h"
#include "tests/worker_model/plain_layer.h"
#include "worker/model/model.h"

namespace pumasi {
namespace {

using Texts = std::vector<std::string>;

const Texts kChains[] = {
    {"spatial_dropout1d { rate: 0.3 }", "lstm { units: 4 return_sequences: true }",
     "gru { units: 3 bidirectional: BIDIRECTIONAL_CONCAT return_sequences: true }", "attention { units: 3 }",
     "dropout { rate: 0.4 }", "dense { units: 4 activation: ACTIVATION_TANH }"},
    {"layer_normalization { epsilon: 0.001 }", "conv1d { filters: 4 kernel_size: 2 activation: ACTIVATION_TANH }",
     "dropout { rate: 0.3 }", "global_max_pooling1d { }"},
    {"global_average_pooling1d { }", "layer_normalization { epsilon: 0.001 }"},
    {"conv1d { filters: 3 kernel_size: 3 padding: PADDING_SAME }",
     "lstm { units: 3 dropout: 0.3 recurrent_dropout: 0.3 return_sequences: true go_backwards: true }",
     "lstm { units: 3 bidirectional: BIDIRECTIONAL_AVE }"},
    {"gru { units: 4 reset_after: false }"},
    {"flatten { steps: 3 }", "batch_normalization { epsilon: 0.1 }", "dense { units: 3 activation: ACTIVATION_RELU }"},
    {"batch_normalization { epsilon: 0.1 }",
     "concatenate { "
     "branches { layers { conv1d { filters: 3 kernel_size: 2 activation: ACTIVATION_TANH } } "
     "layers { global_max_pooling1d { } } layers { dropout { rate: 0.3 } } } "
     "branches { layers { dropout { rate: 0.3 } } layers { concatenate { branches { layers { lstm { units: 2 } } } "
     "branches { layers { attention { units: 2 } } } } } } }",
     "batch_normalization { epsilon: 0.1 }"},
};

v1::Job JobOf(const Texts& texts, v1::Loss loss) {
  v1::Job job;
  job.set_seed(5);
  job.set_loss(loss);
  job.add_model()->mutable_embedding()->set_width(3);
  for (const std::string& text : texts) *job.add_model() = LayerOf(text);
  job.add_model()->mutable_dense()->set_activation(loss == v1::LOSS_MSE                    ? v1::ACTIVATION_TANH
                                                   : loss == v1::LOSS_BINARY_CROSS_ENTROPY ? v1::ACTIVATION_SIGMOID
                                                                                           : v1::ACTIVATION_SOFTMAX);
  if (loss == v1::LOSS_BINARY_CROSS_ENTROPY) job.set_label_smoothing(0.1);
  return job;
}

v1::DataSummary Data() {
  v1::DataSummary data;
  data.set_vocabulary(20);
  data.set_classes(3);
  return data;
}

struct Fixture {
  v1::Job job;
  std::vector<LayerPlan> plans;
  std::unique_ptr<Model> model;
  Part part;
  // By table; of the embedding the part's rows.
  std::vector<std::vector<float>> values;
  Parameters parameters;

  Fixture(const Texts& texts, int rows, v1::Loss loss = v1::LOSS_CROSS_ENTROPY)
      : job(JobOf(texts, loss)), plans(*PlanLayers(job, Data())) {
    std::mt19937_64 random(8);
    const std::vector<v1::TableSpec> tables = *PlanTables(job, Data());
    model = *Model::Create(job, tables);
    std::vector<uint64_t> ids;
    part.offsets = {0};
    for (int row = 0; row < rows; ++row) {
      for (size_t i = random() % 6; i > 0; --i) ids.push_back(random() % 20);
      part.offsets.push_back(static_cast<uint32_t>(ids.size()));
      AddLabels(random());
    }
    MergeIds(ids.data(), ids.size(), &part.ids, &part.tokens);
    for (const v1::TableSpec& table : tables) {
      const bool dense = table.kind() == v1::TableSpec::DENSE;
      values.push_back(RandomFloats((dense ? table.rows() : part.ids.size()) * table.columns(), 1, &random));
    }
    for (const auto& table : values) parameters.dense.push_back(table.data());
    parameters.dense[0] = nullptr;
    parameters.rows = values[0].data();
  }

  void AddLabels(uint64_t bits) {
    if (job.loss() == v1::LOSS_MSE) {
      for (int i = 0; i < 3; ++i) part.targets.push_back(static_cast<float>(bits >> (8 * i) & 255) / 128 - 1);
    } else if (job.loss() == v1::LOSS_CROSS_ENTROPY) {
      part.labels.push_back(static_cast<int32_t>(bits % 3));
    } else {
      if (part.label_offsets.empty()) part.label_offsets.push_back(0);
      for (int32_t label = 0; label < 3; ++label) {
        if (bits >> label & 1) part.labels.push_back(label);
      }
      part.label_offsets.push_back(static_cast<uint32_t>(part.labels.size()));
    }
  }

  PartGradients Train(const DropoutKey& key, double* loss = nullptr) {
    PartGradients gradients;
    PartOutcome outcome;
    REQUIRE(model->Train(part, parameters, 10, &gradients, &outcome, key).ok());
    if (loss != nullptr) *loss = outcome.loss;
    return gradients;
  }

  // The loss from plain layers in double.
  double PlainLoss(const std::vector<std::vector<double>>& tables, const DropoutKey& key) const {
    std::vector<PlainVectors> x(part.rows());
    for (uint32_t row = 0; row < part.rows(); ++row) {
      for (uint32_t t = part.offsets[row]; t < part.offsets[row + 1]; ++t) {
        x[row].emplace_back(tables[0].begin() + part.tokens[t] * 3, tables[0].begin() + part.tokens[t] * 3 + 3);
      }
    }
    size_t table = 1;
    for (size_t i = 1; i < plans.size(); ++i) {
      PlainLayer plain = {job.model(static_cast<int>(i)), plans[i], key, {}};
      plain.tables.assign(tables.begin() + table, tables.begin() + table + plans[i].tables.size());
      table += plans[i].tables.size();
      x = plain.Rows(x);
    }
    std::vector<double> outputs;
    for (const PlainVectors& row : x) outputs.insert(outputs.end(), row.at(0).begin(), row.at(0).end());
    if (job.loss() == v1::LOSS_MSE) return reference::SquaredError(outputs, 3, Widen(part.targets));
    if (job.loss() == v1::LOSS_BINARY_CROSS_ENTROPY) return BinaryLoss(outputs);
    return reference::CrossEntropy(outputs, 3, part.labels);
  }

  // `probabilities` are those of a plain dense layer with sigmoid.
  double BinaryLoss(const std::vector<double>& probabilities) const {
    std::vector<double> logits;
    for (const double p : probabilities) logits.push_back(std::log(p / (1 - p)));
    std::vector<std::vector<int32_t>> sets;
    for (size_t row = 0; row < part.rows(); ++row) {
      sets.emplace_back(part.labels.begin() + part.label_offsets[row],
                        part.labels.begin() + part.label_offsets[row + 1]);
    }
    return reference::BinaryCrossEntropy<double>(logits, 3, sets, job.label_smoothing());
  }
};

std::vector<std::pair<Texts, v1::Loss>> AllChains() {
  std::vector<std::pair<Texts, v1::Loss>> all;
  for (const Texts& texts : kChains) all.emplace_back(texts, v1::LOSS_CROSS_ENTROPY);
  all.emplace_back(kChains[1], v1::LOSS_BINARY_CROSS_ENTROPY);
  all.emplace_back(kChains[1], v1::LOSS_MSE);
  return all;
}

void CheckGradients(const Texts& texts, v1::Loss loss_kind) {
  const DropoutKey key = {5, 17, 2};
  CAPTURE(texts, loss_kind);
  Fixture fixture(texts, 5, loss_kind);
  double loss = 0;
  const PartGradients gradients = fixture.Train(key, &loss);
  const std::vector<v1::TableSpec> specs = *PlanTables(fixture.job, Data());
  std::vector<std::vector<double>> tables;
  for (const auto& table : fixture.values) tables.push_back(Widen(table));
  CHECK(loss == Approx(fixture.PlainLoss(tables, key)).epsilon(1e-5));
  for (size_t table = 0; table < tables.size(); ++table) {
    const std::vector<float>& have = table == 0 ? gradients.rows : gradients.dense[table];
    REQUIRE(have.size() == tables[table].size());
    if (specs[table].update() == v1::TableSpec::MOVING_AVERAGE) continue;
    CAPTURE(specs[table].name());
    for (size_t i = 0; i < have.size(); ++i) {
      double& value = tables[table][i];
      const double before = value, step = 1e-6;
      value = before + step;
      const double above = fixture.PlainLoss(tables, key);
      value = before - step;
      const double below = fixture.PlainLoss(tables, key);
      value = before;
      CHECK(have[i] == Approx((above - below) / (2 * step) / 10).epsilon(1e-4).margin(1e-6));
    }
  }
}

TEST_CASE("Gradients through chains of layers are those of finite differences") {
  for (const Texts& texts : kChains) CheckGradients(texts, v1::LOSS_CROSS_ENTROPY);
}

TEST_CASE("Gradients of every loss are those of finite differences") {
  for (const v1::Loss loss : {v1::LOSS_BINARY_CROSS_ENTROPY, v1::LOSS_MSE}) CheckGradients(kChains[1], loss);
}

TEST_CASE("The moving statistics of a batch's parts add up to their mean") {
  Fixture fixture({"global_average_pooling1d { }", "batch_normalization { }"}, 5);
  const PartGradients gradients = fixture.Train({1, 2, 3});
  // 5 of the batch's 10 rows.
  PlainLayer plain = {fixture.job.model(1), fixture.plans[1], {}, {}};
  std::vector<PlainVectors> rows(5);
  for (uint32_t row = 0; row < 5; ++row) {
    for (uint32_t t = fixture.part.offsets[row]; t < fixture.part.offsets[row + 1]; ++t) {
      const float* const vector = fixture.values[0].data() + fixture.part.tokens[t] * 3;
      rows[row].emplace_back(vector, vector + 3);
    }
  }
  rows = plain.Rows(rows);
  plain.plan = fixture.plans[2];
  const reference::BatchMoments<double> moments = plain.Moments(rows);
  for (size_t i = 0; i < 3; ++i) {
    CHECK(gradients.dense[3][i] == Approx(moments.mean[i] / 2).margin(1e-6));
    CHECK(gradients.dense[4][i] == Approx(moments.variance[i] / 2).margin(1e-6));
  }
}

TEST_CASE("Dropout depends on seed, version and part, and on nothing that was computed before") {
  Fixture one(kChains[0], 6), other(kChains[0], 6);
  const PartGradients want = one.Train({5, 17, 2});
  for (const DropoutKey& key : {DropoutKey{5, 17, 3}, DropoutKey{5, 18, 2}, DropoutKey{6, 17, 2}}) {
    CHECK(other.Train(key).rows != want.rows);
  }
  const PartGradients have = other.Train({5, 17, 2});
  CHECK(have.rows == want.rows);
  CHECK(have.dense == want.dense);
}

TEST_CASE("Evaluating and predicting drop nothing") {
  Fixture with({"lstm { units: 4 dropout: 0.5 recurrent_dropout: 0.5 }", "dropout { rate: 0.5 }"}, 6);
  Fixture without({"lstm { units: 4 }"}, 6);
  PartOutcome a, b;
  REQUIRE(with.model->Evaluate(with.part, with.parameters, &a).ok());
  REQUIRE(without.model->Evaluate(without.part, without.parameters, &b).ok());
  CHECK(a.loss == b.loss);
  std::vector<float> p, q;
  REQUIRE(with.model->Predict(with.part, with.parameters, &p).ok());
  REQUIRE(without.model->Predict(without.part, without.parameters, &q).ok());
  CHECK(p == q);
}

TEST_CASE("A part of no rows, or of rows without tokens, gives finite results in every chain") {
  for (const auto& [texts, loss_kind] : AllChains()) {
    CAPTURE(texts, loss_kind);
    Fixture none(texts, 0, loss_kind);
    const PartGradients gradients = none.Train({1, 2, 3});
    for (size_t table = 1; table < gradients.dense.size(); ++table) {
      CHECK(gradients.dense[table] == std::vector<float>(none.values[table].size()));
    }
    Fixture empty(texts, 1, loss_kind);
    empty.part.offsets = {0, 0};
    empty.part.tokens.clear();
    double loss = NAN;
    empty.Train({1, 2, 3}, &loss);
    CHECK(std::isfinite(loss));
  }
}

}  // namespace
}  // namespace pumasi
