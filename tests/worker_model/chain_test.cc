// Whole models of many layers: gradients through the chain, dropout's key, parts of no rows.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "common/model_plan.h"
#include "ops/embedding.h"
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
};

v1::Job JobOf(const Texts& texts) {
  v1::Job job;
  job.set_seed(5);
  job.add_model()->mutable_embedding()->set_width(3);
  for (const std::string& text : texts) *job.add_model() = LayerOf(text);
  job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
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

  Fixture(const Texts& texts, int rows) : job(JobOf(texts)), plans(*PlanLayers(job, Data())) {
    std::mt19937_64 random(8);
    const std::vector<v1::TableSpec> tables = *PlanTables(job, Data());
    model = *Model::Create(job, tables);
    std::vector<uint64_t> ids;
    part.offsets = {0};
    for (int row = 0; row < rows; ++row) {
      for (size_t i = random() % 6; i > 0; --i) ids.push_back(random() % 20);
      part.offsets.push_back(static_cast<uint32_t>(ids.size()));
      part.labels.push_back(static_cast<int32_t>(random() % 3));
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

  PartGradients Train(const DropoutKey& key, double* loss = nullptr) {
    PartGradients gradients;
    PartOutcome outcome;
    REQUIRE(model->Train(part, parameters, 10, &gradients, &outcome, key).ok());
    if (loss != nullptr) *loss = outcome.loss;
    return gradients;
  }

  // The loss from plain layers in double.
  double PlainLoss(const std::vector<std::vector<double>>& tables, const DropoutKey& key) const {
    std::vector<double> logits;
    for (uint32_t row = 0; row < part.rows(); ++row) {
      PlainVectors x;
      for (uint32_t t = part.offsets[row]; t < part.offsets[row + 1]; ++t) {
        x.emplace_back(tables[0].begin() + part.tokens[t] * 3, tables[0].begin() + part.tokens[t] * 3 + 3);
      }
      size_t table = 1;
      for (size_t i = 1; i < plans.size(); ++i) {
        PlainLayer plain = {job.model(static_cast<int>(i)), plans[i], key, static_cast<uint32_t>(i), {}};
        plain.tables.assign(tables.begin() + table, tables.begin() + table + plans[i].tables.size());
        table += plans[i].tables.size();
        x = plain.Row(row, x);
      }
      logits.insert(logits.end(), x.at(0).begin(), x.at(0).end());
    }
    return reference::CrossEntropy(logits, 3, part.labels);
  }
};

TEST_CASE("Gradients through chains of layers are those of finite differences") {
  const DropoutKey key = {5, 17, 2};
  for (const Texts& texts : kChains) {
    CAPTURE(texts);
    Fixture fixture(texts, 5);
    double loss = 0;
    const PartGradients gradients = fixture.Train(key, &loss);
    std::vector<std::vector<double>> tables;
    for (const auto& table : fixture.values) tables.push_back(Widen(table));
    CHECK(loss == Approx(fixture.PlainLoss(tables, key)).epsilon(1e-5));
    for (size_t table = 0; table < tables.size(); ++table) {
      const std::vector<float>& have = table == 0 ? gradients.rows : gradients.dense[table];
      REQUIRE(have.size() == tables[table].size());
      CAPTURE(table);
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
  for (const Texts& texts : kChains) {
    CAPTURE(texts);
    Fixture none(texts, 0);
    const PartGradients gradients = none.Train({1, 2, 3});
    for (size_t table = 1; table < gradients.dense.size(); ++table) {
      CHECK(gradients.dense[table] == std::vector<float>(none.values[table].size()));
    }
    Fixture empty(texts, 1);
    empty.part.offsets = {0, 0};
    empty.part.tokens.clear();
    double loss = NAN;
    empty.Train({1, 2, 3}, &loss);
    CHECK(std::isfinite(loss));
  }
}

}  // namespace
}  // namespace pumasi
