// The optimizers' row updates: the same formulas run on the device and on the host, to the bit.
#include "ops/cuda/row_formulas.cu.h"
// After row_formulas.cu.h, which has to be first.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "ops/cuda/optimizer_rows.h"
#include "tests/cuda/on_device.h"
#include "tests/ops/random_floats.h"

namespace pumasi::cuda {
namespace {

constexpr RowRuleKind kKinds[] = {RowRuleKind::kSgd,      RowRuleKind::kMomentum, RowRuleKind::kAdagrad,
                                  RowRuleKind::kAdadelta, RowRuleKind::kRmsProp,  RowRuleKind::kRmsPropMomentum,
                                  RowRuleKind::kFtrl,     RowRuleKind::kAdam,     RowRuleKind::kAmsgrad};

RowRule RuleOf(RowRuleKind kind, bool variant) {
  RowRule rule;
  rule.kind = kind;
  rule.prepares = variant;
  rule.clip = 0.5;
  rule.l2 = 0.01;
  rule.rate = 0.05;
  rule.momentum = 0.9;
  rule.nesterov = variant;
  rule.rho = 0.95;
  rule.epsilon = 1e-7;
  rule.beta_1 = 0.9;
  rule.beta_2 = 0.999;
  rule.kept = variant ? 0.999 : 1;
  rule.step_size = 1e-3;
  rule.exponent = variant ? 0.3 : 0.5;
  rule.l1 = 1e-3;
  rule.penalty = 0.02;
  return rule;
}

// One of each motion; the ones that read a slot do so where there are slots.
std::vector<RowCatchUp> CatchUps(int slots) {
  std::vector<RowCatchUp> all(5);
  all[1].motion = RowCatchUp::Motion::kShare;
  all[1].kept = 0.97;
  if (slots == 0) return all;
  all[2].motion = RowCatchUp::Motion::kAlong;
  all[2].factor = 3.7;
  all[2].decay[0] = 0.81;
  if (slots == 1) return all;
  for (RowCatchUp* by : {&all[3], &all[4]}) {
    by->slot = 1;
    by->kept = 0.98;
    by->epsilon = 1e-8;
    by->centre = 0.993;
    by->after = 0.99;
    by->decay[0] = 0.43;
    by->decay[1] = 0.97;
  }
  all[3].motion = RowCatchUp::Motion::kSums;
  for (int p = 0; p < RowCatchUp::kMoments; ++p) all[3].moments[p] = std::pow(-0.1, p) * 2e-3;
  all[4].motion = RowCatchUp::Motion::kTerms;
  all[4].first_term = 2;
  all[4].terms = 3;
  return all;
}

const std::vector<RowTerm> kTerms = {{1, 1}, {1, 1}, {1e-3, 0.999}, {5e-4, 0.998}, {2e-4, 0.997}};

TEST_CASE("A device's row updates have the host's bits, for all optimizers and ways of catching up") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const RowRuleKind kind : kKinds) {
    for (const bool variant : {false, true}) {
      CAPTURE(static_cast<int>(kind), variant);
      std::mt19937_64 random(static_cast<int>(kind) * 2 + variant);
      const int width = 37, rows = 10, slots = SlotsOf(kind);
      const size_t stride = static_cast<size_t>(1 + slots) * width;
      const RowRule rule = RuleOf(kind, variant);
      const std::vector<RowCatchUp> catch_ups = CatchUps(slots);
      const std::vector<uint32_t> touched = {7, 0, 3, 9, 4};
      const std::vector<uint32_t> catch_up = {0, 1, 2, 3, 4};
      std::vector<float> states = RandomFloats(rows * stride, 1, &random);
      for (size_t i = 0; i < states.size(); ++i) {
        if (i % stride >= static_cast<size_t>(width)) states[i] = std::fabs(states[i]);  // squares are not negative
      }
      const std::vector<float> gradients = RandomFloats(touched.size() * width, 1, &random);
      DeviceArray<float> device(stream.get(), states), device_gradients(stream.get(), gradients),
          peeked(stream.get(), gradients.size());
      DeviceArray<uint32_t> device_rows(stream.get(), touched), device_catch_up(stream.get(), catch_up);
      DeviceArray<RowCatchUp> device_catch_ups(stream.get(), catch_ups);
      DeviceArray<RowTerm> device_terms(stream.get(), kTerms);
      const TouchedRows at = {touched.size(), device_rows.get(), device_catch_up.get(), device_catch_ups.get(),
                              device_terms.get()};
      PeekRows(stream.get(), rule, width, at, device.get(), peeked.get());
      UpdateRows(stream.get(), rule, width, at, device_gradients.get(), device.get());

      std::vector<float> seen;
      for (size_t i = 0; i < touched.size(); ++i) {
        for (int column = 0; column < width; ++column) {
          const RowValue value = {states.data() + touched[i] * stride + column, width};
          ApplyCatchUp(catch_ups[catch_up[i]], kTerms.data(), slots, value);
          seen.push_back(*value.value);
          ApplyRule(rule, gradients[i * width + column], value);
        }
      }
      const std::vector<float> have = device.Read(), have_seen = peeked.Read();
      CHECK(std::memcmp(have.data(), states.data(), states.size() * sizeof(float)) == 0);
      CHECK(std::memcmp(have_seen.data(), seen.data(), seen.size() * sizeof(float)) == 0);
    }
  }
}

}  // namespace
}  // namespace pumasi::cuda
