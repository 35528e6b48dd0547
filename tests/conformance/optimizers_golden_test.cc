// 20 steps of every optimizer and option against Keras 3 and PyTorch (optimizers_golden.py), which compute in float64.
// Where we keep float32, a value may be off by 2e-6 of the largest it had so far: 20 roundings of it and of its slots.
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "ops/optimizer.h"

namespace pumasi {
namespace {

constexpr int kRows = 4, kWidth = 3;
constexpr double kTolerance = 2e-6;

struct Case {
  std::string text;
  std::vector<std::vector<double>> values;  // after each step
};

struct Golden {
  std::vector<float> initial;
  std::vector<std::vector<float>> gradients;
  std::vector<Case> cases;
};

template <typename T>
std::vector<T> Numbers(const std::string& text) {
  std::istringstream in(text);
  std::vector<T> out;
  for (T x; in >> x;) out.push_back(x);
  return out;
}

Golden ReadGolden(const std::string& framework) {
  std::ifstream file("tests/conformance/optimizers_" + framework + ".txt");
  Golden golden;
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    const std::string kind = line.substr(0, colon), rest = line.substr(colon + 2);
    if (kind == "initial") golden.initial = Numbers<float>(rest);
    if (kind == "gradient") golden.gradients.push_back(Numbers<float>(rest));
    if (kind == "case") golden.cases.push_back({rest, {}});
    if (kind == "value") golden.cases.back().values.push_back(Numbers<double>(rest));
  }
  return golden;
}

v1::Optimizer Parse(const std::string& text) {
  v1::Optimizer proto;
  REQUIRE(google::protobuf::TextFormat::ParseFromString(text, &proto));
  return proto;
}

std::vector<double> Sizes(const std::vector<float>& values) {
  std::vector<double> sizes;
  for (const float value : values) sizes.push_back(std::fabs(value));
  return sizes;
}

void CheckClose(const std::vector<float>& have, const std::vector<double>& want, std::vector<double>* largest) {
  for (size_t i = 0; i < want.size(); ++i) {
    CAPTURE(i);
    (*largest)[i] = std::max((*largest)[i], std::fabs(want[i]));
    CHECK(std::fabs(have[i] - want[i]) <= kTolerance * (*largest)[i]);
  }
}

void CheckAsDenseTensor(const Golden& golden, const Case& wanted, const Optimizer& optimizer) {
  constexpr int kSize = kRows * kWidth;
  std::vector<float> value = golden.initial, slots(size_t{kSize} * optimizer.slots());
  std::vector<double> largest = Sizes(golden.initial);
  optimizer.InitSlots(kSize, slots.data());
  for (uint64_t step = 1; step <= golden.gradients.size(); ++step) {
    CAPTURE(step);
    optimizer.Apply(step, kSize, golden.gradients[step - 1].data(), value.data(), slots.data());
    CheckClose(value, wanted.values[step - 1], &largest);
  }
}

// Applies only gradients that are not zero, and peeks at all rows after each step.
void CheckAsRows(const Golden& golden, const Case& wanted, const Optimizer& optimizer) {
  const size_t row_slots = size_t{kWidth} * optimizer.slots();
  std::vector<float> value = golden.initial, slots(kRows * row_slots), seen(value.size());
  std::vector<double> largest = Sizes(golden.initial);
  uint64_t last[kRows] = {};
  for (int row = 0; row < kRows; ++row) optimizer.InitSlots(kWidth, slots.data() + row * row_slots);
  for (uint64_t step = 1; step <= golden.gradients.size(); ++step) {
    CAPTURE(step);
    for (int row = 0; row < kRows; ++row) {
      const float* const gradient = &golden.gradients[step - 1][row * kWidth];
      float* const row_value = &value[row * kWidth];
      float* const row_slot = slots.data() + row * row_slots;
      if (std::any_of(gradient, gradient + kWidth, [](float g) { return g != 0; })) {
        optimizer.CatchUp(last[row], step - 1, kWidth, row_value, row_slot);
        optimizer.Apply(step, kWidth, gradient, row_value, row_slot);
        last[row] = step;
      }
      optimizer.Peek(last[row], step, kWidth, row_value, row_slot, &seen[row * kWidth]);
    }
    CheckClose(seen, wanted.values[step - 1], &largest);
  }
}

TEST_CASE("Every optimizer takes the 20 steps that Keras and PyTorch take, as a dense tensor and as rows") {
  const std::string framework = GENERATE(as<std::string>(), "keras", "torch");
  const Golden golden = ReadGolden(framework);
  REQUIRE(golden.initial.size() == size_t{kRows * kWidth});
  REQUIRE(golden.gradients.size() == 20);
  REQUIRE(golden.cases.size() >= 10);
  for (const Case& wanted : golden.cases) {
    CAPTURE(framework, wanted.text);
    REQUIRE(wanted.values.size() == 20);
    const v1::Optimizer proto = Parse(wanted.text);
    const auto optimizer = MakeOptimizer(proto);
    REQUIRE(optimizer.ok());
    CheckAsDenseTensor(golden, wanted, **optimizer);
    // These leave rows alone that a step does not touch, on purpose.
    if (proto.l2() == 0 && !proto.has_ftrl()) CheckAsRows(golden, wanted, **optimizer);
  }
}

}  // namespace
}  // namespace pumasi
