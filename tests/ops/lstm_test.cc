#include "ops/lstm.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

#include "ops/lstm_reference.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi {
namespace {

using reference::LstmTensors;
using reference::Rows;

struct Problem {
  size_t width, units, distinct;
  Rows rows;
  LstmTensors<float> tensors;
  std::vector<float> last_gradient;
  std::vector<uint32_t> offsets = {0}, tokens;

  Problem(size_t width, size_t units, size_t distinct, int row_count, int longest, std::mt19937_64* random)
      : width(width), units(units), distinct(distinct), rows(row_count) {
    for (auto& row : rows) {
      row.resize((*random)() % (longest + 1));
      for (uint32_t& token : row) token = static_cast<uint32_t>((*random)() % distinct);
      tokens.insert(tokens.end(), row.begin(), row.end());
      offsets.push_back(static_cast<uint32_t>(tokens.size()));
    }
    tensors = {RandomFloats(width * 4 * units, 0.6f, random), RandomFloats(units * 4 * units, 0.6f, random),
               RandomFloats(4 * units, 1, random), RandomFloats(distinct * width, 1, random)};
    last_gradient = RandomFloats(rows.size() * units, 1, random);
  }

  IndexedSequences input() const {
    return {static_cast<int>(rows.size()), offsets.data(),          tokens.data(),
            static_cast<int>(distinct),    static_cast<int>(width), tensors.vectors.data()};
  }
  RecurrentWeights weights() const { return {tensors.kernel.data(), tensors.recurrent.data(), tensors.bias.data()}; }
  LstmTensors<double> wide() const {
    return {Widen(tensors.kernel), Widen(tensors.recurrent), Widen(tensors.bias), Widen(tensors.vectors)};
  }
};

struct Result {
  std::vector<float> last;
  LstmTensors<float> gradients;
};

Result Run(Lstm* lstm, const Problem& problem) {
  Result result;
  result.last.assign(problem.rows.size() * problem.units, NAN);
  lstm->Forward(problem.input(), problem.weights(), result.last.data());
  LstmTensors<float>& g = result.gradients;
  g.kernel.assign(problem.tensors.kernel.size(), NAN);
  g.recurrent.assign(problem.tensors.recurrent.size(), NAN);
  g.bias.assign(problem.tensors.bias.size(), NAN);
  g.vectors.assign(problem.tensors.vectors.size(), NAN);
  lstm->Backward(problem.input(), problem.weights(), problem.last_gradient.data(),
                 {g.kernel.data(), g.recurrent.data(), g.bias.data(), g.vectors.data()});
  return result;
}

TEST_CASE("The reference LSTM's gradients are those of finite differences") {
  std::mt19937_64 random(11);
  const Problem problem(3, 4, 5, 4, 6, &random);
  LstmTensors<double> at = problem.wide();
  const std::vector<double> weight_of_output = Widen(problem.last_gradient);
  reference::Lstm<double> lstm(3, 4);
  const auto loss = [&] {
    const std::vector<double> last = lstm.Forward(problem.rows, at);
    double sum = 0;
    for (size_t i = 0; i < last.size(); ++i) sum += last[i] * weight_of_output[i];
    return sum;
  };
  lstm.Forward(problem.rows, at);
  const LstmTensors<double> gradients = lstm.Backward(problem.rows, at, weight_of_output);
  const std::pair<std::vector<double>*, const std::vector<double>*> pairs[] = {{&at.kernel, &gradients.kernel},
                                                                               {&at.recurrent, &gradients.recurrent},
                                                                               {&at.bias, &gradients.bias},
                                                                               {&at.vectors, &gradients.vectors}};
  for (const auto& [values, gradient] : pairs) {
    for (size_t i = 0; i < values->size(); ++i) {
      const double before = (*values)[i], step = 1e-5;
      (*values)[i] = before + step;
      const double above = loss();
      (*values)[i] = before - step;
      const double below = loss();
      (*values)[i] = before;
      CHECK((above - below) / (2 * step) == Approx((*gradient)[i]).margin(1e-8));
    }
  }
}

TEST_CASE("The LSTM equals its reference for odd sizes, unequal lengths and empty rows") {
  const int seed = GENERATE(range(0, 40));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const size_t width = 1 + random() % 37, units = 1 + random() % 37, distinct = 1 + random() % 30;
  const int rows = static_cast<int>(random() % 20), longest = static_cast<int>(random() % 15);
  CAPTURE(width, units, distinct, rows, longest);
  const Problem problem(width, units, distinct, rows, longest, &random);

  reference::Lstm<double> plain(width, units);
  const LstmTensors<double> wide = problem.wide();
  const std::vector<double> last = plain.Forward(problem.rows, wide);
  const LstmTensors<double> gradients = plain.Backward(problem.rows, wide, Widen(problem.last_gradient));

  Lstm lstm(static_cast<int>(width), static_cast<int>(units));
  const Result result = Run(&lstm, problem);
  CHECK(Difference(result.last, last) < 1e-5);
  CHECK(Difference(result.gradients.kernel, gradients.kernel) < 1e-5);
  CHECK(Difference(result.gradients.recurrent, gradients.recurrent) < 1e-5);
  CHECK(Difference(result.gradients.bias, gradients.bias) < 1e-5);
  CHECK(Difference(result.gradients.vectors, gradients.vectors) < 1e-5);

  std::vector<float> inferred(result.last.size(), NAN);
  lstm.Infer(problem.input(), problem.weights(), inferred.data());
  CHECK(inferred == result.last);
}

TEST_CASE("A part's result has the same bits whatever was computed before") {
  std::mt19937_64 random(5);
  const Problem small(20, 24, 9, 7, 9, &random), large(20, 24, 50, 40, 30, &random);
  Lstm fresh(20, 24), used(20, 24);
  const Result want = Run(&fresh, small);
  Run(&used, large);
  const Result have = Run(&used, small);
  CHECK(have.last == want.last);
  CHECK(have.gradients.kernel == want.gradients.kernel);
  CHECK(have.gradients.recurrent == want.gradients.recurrent);
  CHECK(have.gradients.bias == want.gradients.bias);
  CHECK(have.gradients.vectors == want.gradients.vectors);
}

TEST_CASE("A NaN in one row's vector reaches that row's state and no other") {
  std::mt19937_64 random(6);
  Problem problem(8, 16, 4, 2, 1, &random);
  problem.offsets = {0, 2, 4};
  problem.tokens = {0, 1, 2, 3};
  problem.tensors.vectors[0] = NAN;
  std::vector<float> last(32);
  Lstm lstm(8, 16);
  lstm.Forward(problem.input(), problem.weights(), last.data());
  for (size_t i = 0; i < 16; ++i) CHECK(std::isnan(last[i]));
  for (size_t i = 16; i < 32; ++i) CHECK(std::isfinite(last[i]));
}

}  // namespace
}  // namespace pumasi
