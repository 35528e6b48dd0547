#include "ops/lstm.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ops/gemm.h"
#include "ops/instruction_set.h"
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

Result Run(Lstm* lstm, const Problem& problem, const RecurrentMasks& masks = {}, bool unchanged = false) {
  Result result;
  RecurrentWeights weights = problem.weights();
  weights.unchanged = unchanged;
  result.last.assign(problem.rows.size() * problem.units, NAN);
  lstm->Forward(problem.input(), weights, result.last.data(), masks);
  LstmTensors<float>& g = result.gradients;
  g.kernel.assign(problem.tensors.kernel.size(), NAN);
  g.recurrent.assign(problem.tensors.recurrent.size(), NAN);
  g.bias.assign(problem.tensors.bias.size(), NAN);
  g.vectors.assign(problem.tensors.vectors.size(), NAN);
  lstm->Backward(problem.input(), problem.weights(), problem.last_gradient.data(),
                 {g.kernel.data(), g.recurrent.data(), g.bias.data(), g.vectors.data()}, masks);
  return result;
}

void CheckSame(const Result& have, const Result& want) {
  CHECK(have.last == want.last);
  CHECK(have.gradients.kernel == want.gradients.kernel);
  CHECK(have.gradients.recurrent == want.gradients.recurrent);
  CHECK(have.gradients.bias == want.gradients.bias);
  CHECK(have.gradients.vectors == want.gradients.vectors);
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
  const size_t width = 1 + random() % 37, distinct = 1 + random() % 30;
  // Some with whole blocks of units.
  const size_t units = seed % 4 == 0 ? 16 * (1 + random() % 5) : 1 + random() % 37;
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
  CheckSame(Run(&used, small), want);
}

TEST_CASE("Parts that are computed with the same weights have the bits of each alone") {
  const Precision precision = GENERATE(Precision::kFloat32, Precision::kBf16);
  const size_t units = GENERATE(24, 32);
  std::mt19937_64 random(8);
  std::vector<Problem> parts;
  for (const int rows : {7, 0, 16, 1}) parts.emplace_back(20, units, 9, rows, 11, &random);
  Lstm lstm(20, static_cast<int>(units), {.precision = precision});
  // Twice: weights that did change are seen.
  for (int repeat = 0; repeat < 2; ++repeat) {
    const auto tensors = RandomFloats((20 + units + 1) * 4 * units, 0.6f, &random);
    for (size_t i = 0; i < parts.size(); ++i) {
      CAPTURE(repeat, i);
      auto& [kernel, recurrent, bias, vectors] = parts[i].tensors;
      std::copy_n(tensors.begin(), kernel.size(), kernel.begin());
      std::copy_n(tensors.begin() + kernel.size(), recurrent.size(), recurrent.begin());
      std::copy_n(tensors.end() - bias.size(), bias.size(), bias.begin());
      Lstm alone(20, static_cast<int>(units), {.precision = precision});
      CheckSame(Run(&lstm, parts[i], {}, i > 0), Run(&alone, parts[i]));
    }
  }
}

TEST_CASE("AVX2, AVX-512 and any number of threads give the LSTM the same bits, in float32 and bf16") {
  for (int seed = 0; seed < 12; ++seed) {
    std::mt19937_64 random(seed);
    const size_t width = 1 + random() % 70, units = 1 + random() % 70;
    const Problem problem(width, units, 1 + random() % 60, static_cast<int>(random() % 30), 12, &random);
    const std::vector<float> input_mask = RandomFloats(problem.rows.size() * width, 2, &random);
    const std::vector<float> state_mask = RandomFloats(problem.rows.size() * units, 2, &random);
    const RecurrentMasks masks =
        seed % 2 == 0 ? RecurrentMasks{} : RecurrentMasks{input_mask.data(), state_mask.data()};
    for (const Precision precision : {Precision::kFloat32, Precision::kBf16}) {
      CAPTURE(seed, width, units, static_cast<int>(precision));
      RecurrentOptions options;
      options.precision = precision;
      Lstm lstm(static_cast<int>(width), static_cast<int>(units), options);
      const Result want = Run(&lstm, problem, masks);
      for (const InstructionSet set : {InstructionSet::kAvx2, InstructionSet::kAvx512}) {
        if (BestInstructionSet() < InstructionSet::kAvx2) continue;
        const ScopedInstructionSet scope(set);
        CheckSame(Run(&lstm, problem, masks), want);
      }
      SetGemmThreads(3);
      CheckSame(Run(&lstm, problem, masks), want);
      SetGemmThreads(1);
    }
  }
}

TEST_CASE("In bf16 the LSTM is near its reference, as far as 8 bits of mantissa go") {
  for (int seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const size_t width = 1 + random() % 37, units = 1 + random() % 70;
    const Problem problem(width, units, 20, 10, 9, &random);
    reference::Lstm<double> plain(width, units);
    const LstmTensors<double> wide = problem.wide();
    const std::vector<double> last = plain.Forward(problem.rows, wide);
    const LstmTensors<double> gradients = plain.Backward(problem.rows, wide, Widen(problem.last_gradient));
    RecurrentOptions options;
    options.precision = Precision::kBf16;
    Lstm lstm(static_cast<int>(width), static_cast<int>(units), options);
    const Result result = Run(&lstm, problem);
    CHECK(Difference(result.last, last) < 0.03);
    CHECK(Difference(result.gradients.kernel, gradients.kernel) < 0.03);
    CHECK(Difference(result.gradients.recurrent, gradients.recurrent) < 0.03);
    CHECK(Difference(result.gradients.bias, gradients.bias) < 0.03);
    CHECK(Difference(result.gradients.vectors, gradients.vectors) < 0.03);
    std::vector<float> inferred(result.last.size(), NAN);
    lstm.Infer(problem.input(), problem.weights(), inferred.data());
    CHECK(inferred == result.last);
  }
}

TEST_CASE("Inference from folded vectors has the bits of inference from the vectors") {
  for (int seed = 0; seed < 16; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const size_t width = 1 + random() % 40, units = 1 + random() % 40;
    const Problem problem(width, units, 1 + random() % 30, static_cast<int>(random() % 12), 9, &random);
    RecurrentOptions options;
    options.return_sequences = seed % 2 == 1;
    options.go_backwards = seed % 4 >= 2;
    options.precision = seed % 8 < 4 ? Precision::kFloat32 : Precision::kBf16;
    Lstm lstm(static_cast<int>(width), static_cast<int>(units), options);
    std::vector<float> want((problem.rows.size() + problem.tokens.size()) * units, -1), have = want;
    lstm.Infer(problem.input(), problem.weights(), want.data());

    std::vector<float> folded(problem.distinct * lstm.folded_width());
    lstm.Fold(problem.weights(), problem.distinct, problem.tensors.vectors.data(), folded.data());
    IndexedSequences input = problem.input();
    input.width = static_cast<int>(lstm.folded_width());
    input.vectors = folded.data();
    lstm.HoldRecurrent(problem.weights());
    for (int again = 0; again < 2; ++again) {
      lstm.InferFolded(input, have.data());
      CHECK(have == want);
    }
  }
}

TEST_CASE("Infinite inputs saturate gates and leave the gradients of other units finite") {
  std::mt19937_64 random(9);
  Problem problem(3, 5, 2, 2, 1, &random);
  problem.offsets = {0, 2, 4};
  problem.tokens = {0, 1, 1, 1};
  std::fill(problem.tensors.kernel.begin(), problem.tensors.kernel.end(), 0.25f);
  problem.tensors.vectors[0] = INFINITY;
  Lstm lstm(3, 5);
  const Result result = Run(&lstm, problem);
  for (const float x : result.last) CHECK(std::isfinite(x));
  for (const float x : result.gradients.bias) CHECK(std::isfinite(x));
  for (const float x : result.gradients.vectors) CHECK(std::isfinite(x));
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
