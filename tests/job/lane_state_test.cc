#include "worker/job/lane_state.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

namespace pumasi {
namespace {

constexpr size_t kWidth = 3, kIds = 9, kDense = 5;

// Rows, a dense table and a statistic.
std::vector<v1::TableSpec> Tables() {
  std::vector<v1::TableSpec> tables(3);
  tables[0].set_kind(v1::TableSpec::ROWS);
  tables[0].set_columns(kWidth);
  tables[1].set_kind(v1::TableSpec::DENSE);
  tables[1].set_rows(1);
  tables[1].set_columns(kDense);
  tables[2] = tables[1];
  tables[2].set_update(v1::TableSpec::MOVING_AVERAGE);
  tables[2].set_momentum(0.5);
  return tables;
}

class Numbers {
 public:
  explicit Numbers(unsigned seed) : random_(seed) {}
  std::vector<float> Some(size_t count) {
    std::vector<float> some(count);
    for (float& value : some) value = std::uniform_real_distribution<float>(-1, 1)(random_);
    return some;
  }
  bool Coin() { return random_() % 2 == 0; }

 private:
  std::minstd_rand random_;
};

std::vector<v1::Optimizer> Optimizers() {
  std::vector<v1::Optimizer> all;
  all.emplace_back().mutable_sgd()->set_learning_rate(0.1);
  v1::Sgd* momentum = all.emplace_back().mutable_sgd();
  momentum->set_learning_rate(0.1);
  momentum->set_momentum(0.9);
  for (const bool clips : {false, true}) {
    v1::Optimizer& optimizer = all.emplace_back();
    v1::Adam* adam = optimizer.mutable_adam();
    adam->set_learning_rate(0.05);
    adam->set_beta_1(0.9);
    adam->set_beta_2(0.999);
    adam->set_epsilon(1e-8);
    if (clips) optimizer.mutable_clip()->set_global_norm(0.5);
    optimizer.mutable_schedule()->mutable_step()->set_every(2);
    optimizer.mutable_schedule()->mutable_step()->set_factor(0.5);
  }
  v1::Adagrad* adagrad = all.emplace_back().mutable_adagrad();
  adagrad->set_learning_rate(0.1);
  adagrad->set_initial_accumulator(0.1);
  adagrad->set_epsilon(1e-7);
  return all;
}

// All values of the three tables, each with its optimizer's slots, trained densely: every row takes every step.
struct Dense {
  std::vector<std::vector<float>> values, slots;
};

TEST_CASE("A lane trains as all rows together do, whichever rows a batch touches") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  Numbers numbers(seed);
  constexpr uint64_t kBefore = 3;
  for (const v1::Optimizer& settings : Optimizers()) {
    CAPTURE(settings.ShortDebugString());
    RateChanges changes(1);
    changes[0].set_from_step(1);
    changes[0].set_factor(0.5);
    const auto optimizer = MakeOptimizer(settings, changes, {.before = kBefore});
    REQUIRE(optimizer.ok());
    const int slots = (*optimizer)->slots();
    Dense dense;
    for (const size_t floats : {kIds * kWidth, kDense, kDense}) {
      dense.values.push_back(numbers.Some(floats));
      dense.slots.emplace_back(floats * slots);
      (*optimizer)->InitSlots(static_cast<int>(floats), dense.slots.back().data());
    }
    const Dense start = dense;
    LaneState::Values values;
    for (uint64_t id = 0; id < kIds; ++id) values.ids.push_back(id * 7 + 2);
    values.rows = dense.values[0];
    values.dense = {{}, dense.values[1], dense.values[2]};
    auto lane = LaneState::Create(settings, Tables(), kBefore, changes, values);
    REQUIRE(lane.ok());
    for (uint64_t step = 1; step <= 6; ++step) {
      Gradient gradient;
      gradient.rows.resize(3);
      gradient.dense = {{}, numbers.Some(kDense), numbers.Some(kDense)};
      std::vector<float> rows(kIds * kWidth);
      for (size_t row = 0; row < kIds; ++row) {
        if (numbers.Coin()) continue;
        const std::vector<float> some = numbers.Some(kWidth);
        std::copy(some.begin(), some.end(), rows.begin() + row * kWidth);
        gradient.rows[0].ids.push_back(values.ids[row]);
        gradient.rows[0].values.insert(gradient.rows[0].values.end(), some.begin(), some.end());
      }
      // What the model sees before the step.
      std::vector<float> seen(gradient.rows[0].ids.size() * kWidth);
      lane->ReadRows(gradient.rows[0].ids, seen.data());
      for (size_t i = 0; i < gradient.rows[0].ids.size(); ++i) {
        const size_t row = (gradient.rows[0].ids[i] - 2) / 7;
        for (size_t c = 0; c < kWidth; ++c) {
          CHECK(seen[i * kWidth + c] == Approx(dense.values[0][row * kWidth + c]).margin(1e-5));
        }
      }
      double square = 0;
      for (const float g : rows) square += double(g) * g;
      for (const float g : gradient.dense[1]) square += double(g) * g;
      const double limit = settings.clip().global_norm();
      const float factor = limit > 0 && std::sqrt(square) > limit ? float(limit / std::sqrt(square)) : 1.0f;
      std::vector<float> scaled = gradient.dense[1];
      for (float& g : rows) g *= factor;
      for (float& g : scaled) g *= factor;
      (*optimizer)->Apply(step, kIds * kWidth, rows.data(), dense.values[0].data(), dense.slots[0].data());
      (*optimizer)->Apply(step, kDense, scaled.data(), dense.values[1].data(), dense.slots[1].data());
      for (size_t i = 0; i < kDense; ++i) dense.values[2][i] = 0.5f * dense.values[2][i] + 0.5f * gradient.dense[2][i];
      lane->Apply(gradient);
      for (size_t i = 0; i < kDense; ++i) CHECK(lane->dense(1)[i] == Approx(dense.values[1][i]).margin(1e-6));
    }
    const Gradient sum = lane->Take(4);
    CHECK(sum.rows[0].ids == values.ids);
    for (size_t i = 0; i < kIds * kWidth; ++i) {
      CHECK(sum.rows[0].values[i] == Approx((start.values[0][i] - dense.values[0][i]) / 4).margin(1e-5));
    }
    for (size_t i = 0; i < kDense; ++i) {
      CHECK(sum.dense[1][i] == Approx((start.values[1][i] - dense.values[1][i]) / 4).margin(1e-6));
      CHECK(sum.dense[2][i] == Approx(dense.values[2][i] / 4).margin(1e-6));
    }
    CHECK(sum.dense[0].empty());
  }
}

TEST_CASE("Settings that make no sense are refused") {
  CHECK(absl::IsInvalidArgument(LaneState::Create(v1::Optimizer(), Tables(), 0, {}, {{}, {}, {{}, {}, {}}}).status()));
}

}  // namespace
}  // namespace pumasi
