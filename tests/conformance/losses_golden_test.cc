// Each loss and its gradient against Keras 3 and PyTorch (losses_golden.py).
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "ops/sigmoid_cross_entropy.h"
#include "ops/softmax_cross_entropy.h"
#include "ops/squared_error.h"
#include "tests/ops/same_numbers.h"

namespace pumasi {
namespace {

struct Golden {
  std::string loss;
  float smoothing = 0;
  int rows = 0, classes = 0;
  std::vector<double> values, targets, gradient;
  double total = 0;
};

std::vector<Golden> ReadGolden(const std::string& name) {
  std::ifstream file("tests/conformance/" + name);
  std::vector<Golden> all;
  for (std::string text; std::getline(file, text);) {
    std::istringstream line(text);
    std::string key;
    line >> key;
    if (key == "case") {
      Golden& golden = all.emplace_back();
      line >> golden.loss >> golden.smoothing >> golden.rows >> golden.classes;
    }
    std::vector<double>* into = nullptr;
    if (key == "values") into = &all.back().values;
    if (key == "targets") into = &all.back().targets;
    if (key == "gradient") into = &all.back().gradient;
    if (key == "loss") line >> all.back().total;
    for (double value; into != nullptr && line >> value;) into->push_back(value);
  }
  return all;
}

TEST_CASE("Every loss agrees with Keras and PyTorch") {
  const std::string name = GENERATE("losses_keras.txt", "losses_torch.txt");
  const std::vector<Golden> all = ReadGolden(name);
  REQUIRE(all.size() == 5);
  for (const Golden& golden : all) {
    CAPTURE(name, golden.loss, golden.smoothing);
    std::vector<float> values(golden.values.begin(), golden.values.end());
    std::vector<uint32_t> offsets = {0};
    std::vector<int32_t> labels;
    for (int row = 0; row < golden.rows; ++row) {
      for (int c = 0; c < golden.classes; ++c) {
        if (golden.targets[row * golden.classes + c] == 1) labels.push_back(c);
      }
      offsets.push_back(static_cast<uint32_t>(labels.size()));
    }
    double loss = 0;
    if (golden.loss == "cross_entropy") {
      std::vector<int32_t> predicted(golden.rows);
      loss = SoftmaxCrossEntropy(golden.rows, golden.classes, labels.data(), 1, values.data(), predicted.data(),
                                 {golden.smoothing, nullptr})
                 .loss;
    } else if (golden.loss == "binary_cross_entropy") {
      loss = SigmoidCrossEntropy(golden.rows, golden.classes, {offsets.data(), labels.data()}, golden.smoothing, 1,
                                 values.data())
                 .loss;
    } else {
      const std::vector<float> targets(golden.targets.begin(), golden.targets.end());
      loss = SquaredError(golden.rows, golden.classes, targets.data(), 1, values.data(), values.data()).loss;
    }
    CHECK(loss == Approx(golden.total).epsilon(1e-6));
    CHECK(Difference(values, golden.gradient) < 1e-6);
  }
}

}  // namespace
}  // namespace pumasi
