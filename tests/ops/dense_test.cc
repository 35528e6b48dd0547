#include "ops/dense.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ops/dense_reference.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi {
namespace {

constexpr Activation kActivations[] = {Activation::kLinear, Activation::kRelu, Activation::kTanh, Activation::kSigmoid};

TEST_CASE("The reference dense layer's gradients are those of finite differences") {
  std::mt19937_64 random(1);
  for (const Activation activation : kActivations) {
    CAPTURE(static_cast<int>(activation));
    reference::Dense<double> dense = {
        3, 4, 5, activation, Widen(RandomFloats(20, 1, &random)), Widen(RandomFloats(5, 1, &random))};
    std::vector<double> x = Widen(RandomFloats(12, 1, &random));
    const std::vector<double> weight_of_output = Widen(RandomFloats(15, 1, &random));
    const auto loss = [&] {
      const std::vector<double> y = dense.Forward(x);
      double sum = 0;
      for (size_t i = 0; i < y.size(); ++i) sum += y[i] * weight_of_output[i];
      return sum;
    };
    std::vector<double> kernel(20), bias(5), inputs(12);
    dense.Backward(x, weight_of_output, &kernel, &bias, &inputs);
    const std::pair<std::vector<double>*, std::vector<double>*> pairs[] = {
        {&dense.kernel, &kernel}, {&dense.bias, &bias}, {&x, &inputs}};
    for (const auto& [values, gradient] : pairs) {
      for (size_t i = 0; i < values->size(); ++i) {
        const double before = (*values)[i], step = 1e-6;
        (*values)[i] = before + step;
        const double above = loss();
        (*values)[i] = before - step;
        const double below = loss();
        (*values)[i] = before;
        CHECK((above - below) / (2 * step) == Approx((*gradient)[i]).margin(1e-7));
      }
    }
  }
}

TEST_CASE("The dense layer equals its reference for odd sizes and no rows") {
  const int seed = GENERATE(range(0, 24));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const size_t rows = random() % 20, inputs = 1 + random() % 40, units = 1 + random() % 40;
  const Activation activation = kActivations[seed % 4];
  CAPTURE(rows, inputs, units);
  const DenseShape shape = {static_cast<int>(rows), static_cast<int>(inputs), static_cast<int>(units)};
  const std::vector<float> x = RandomFloats(rows * inputs, 1, &random),
                           kernel = RandomFloats(inputs * units, 1, &random), bias = RandomFloats(units, 1, &random);
  std::vector<float> y_gradient = RandomFloats(rows * units, 1, &random);

  const reference::Dense<double> plain = {rows, inputs, units, activation, Widen(kernel), Widen(bias)};
  std::vector<double> kernel_want(kernel.size()), bias_want(units), x_want(x.size());
  plain.Backward(Widen(x), Widen(y_gradient), &kernel_want, &bias_want, &x_want);

  std::vector<float> y(rows * units, NAN), kernel_have(kernel.size(), NAN), bias_have(units, NAN),
      x_have(x.size(), NAN);
  DenseForward(shape, activation, x.data(), kernel.data(), bias.data(), y.data());
  CHECK(Difference(y, plain.Forward(Widen(x))) < 1e-5);
  DenseBackward(shape, activation, x.data(), kernel.data(), y.data(), y_gradient.data(), kernel_have.data(),
                bias_have.data(), x_have.data());
  CHECK(Difference(kernel_have, kernel_want) < 1e-5);
  CHECK(Difference(bias_have, bias_want) < 1e-5);
  CHECK(Difference(x_have, x_want) < 1e-5);
}

TEST_CASE("NaN passes every activation") {
  for (const Activation activation : kActivations) {
    const std::vector<float> bias(33, 0.0f);
    std::vector<float> values(33, NAN);
    AddBiasAndActivate(activation, 1, 33, bias.data(), values.data());
    for (const float value : values) CHECK(std::isnan(value));
  }
}

}  // namespace
}  // namespace pumasi
