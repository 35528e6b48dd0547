#include "ops/cuda/lstm.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ops/lstm_reference.h"
#include "tests/cuda/on_device.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi::cuda {
namespace {

using reference::LstmTensors;

struct Problem {
  size_t width, units, distinct;
  reference::Rows rows;
  LstmTensors<float> tensors;
  std::vector<float> out_gradient;
  std::vector<uint32_t> offsets = {0}, tokens;

  Problem(size_t width, size_t units, size_t distinct, int row_count, int longest, float scale, std::mt19937_64* random)
      : width(width), units(units), distinct(distinct), rows(row_count) {
    for (auto& row : rows) {
      row.resize((*random)() % (longest + 1));
      for (uint32_t& token : row) token = static_cast<uint32_t>((*random)() % distinct);
      tokens.insert(tokens.end(), row.begin(), row.end());
      offsets.push_back(static_cast<uint32_t>(tokens.size()));
    }
    tensors = {RandomFloats(width * 4 * units, scale, random), RandomFloats(units * 4 * units, scale, random),
               RandomFloats(4 * units, 1, random), RandomFloats(distinct * width, 1, random)};
    out_gradient = RandomFloats(rows.size() * units, 1, random);
  }

  LstmTensors<double> wide() const {
    return {Widen(tensors.kernel), Widen(tensors.recurrent), Widen(tensors.bias), Widen(tensors.vectors)};
  }
};

struct Result {
  std::vector<float> out;
  LstmTensors<float> gradients;
};

Result Run(Stream* stream, Lstm* lstm, const Problem& p) {
  const LstmTensors<float>& t = p.tensors;
  DeviceArray<float> kernel(stream, t.kernel), recurrent(stream, t.recurrent), bias(stream, t.bias),
      vectors(stream, t.vectors), out(stream, p.out_gradient.size()), out_gradient(stream, p.out_gradient),
      by_kernel(stream, t.kernel.size()), by_recurrent(stream, t.recurrent.size()), by_bias(stream, t.bias.size()),
      by_vectors(stream, t.vectors.size());
  SequenceIndex index;
  index.Build(stream, static_cast<int>(p.rows.size()), p.offsets.data(), p.tokens.data(), static_cast<int>(p.distinct));
  const RecurrentWeights weights = {kernel.get(), recurrent.get(), bias.get()};
  lstm->Forward(stream, index, vectors.get(), weights, out.get());
  Result result;
  result.out = out.Read();
  lstm->Backward(stream, index, vectors.get(), weights, out_gradient.get(),
                 {by_kernel.get(), by_recurrent.get(), by_bias.get(), by_vectors.get()});
  result.gradients = {by_kernel.Read(), by_recurrent.Read(), by_bias.Read(), by_vectors.Read()};
  CHECK(stream->error() == "");
  return result;
}

void CheckAgainstReference(const Problem& p, const Result& result, double tolerance) {
  reference::Lstm<double> plain(p.width, p.units);
  const std::vector<double> last = plain.Forward(p.rows, p.wide());
  const LstmTensors<double> gradients = plain.Backward(p.rows, p.wide(), Widen(p.out_gradient));
  CHECK(Difference(result.out, last) < tolerance);
  CHECK(Difference(result.gradients.kernel, gradients.kernel) < tolerance);
  CHECK(Difference(result.gradients.recurrent, gradients.recurrent) < tolerance);
  CHECK(Difference(result.gradients.bias, gradients.bias) < tolerance);
  CHECK(Difference(result.gradients.vectors, gradients.vectors) < tolerance);
}

TEST_CASE("The device LSTM equals its reference for odd sizes, unequal lengths and empty rows") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (int seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    const size_t width = 1 + random() % 37, units = 1 + random() % 37, distinct = 1 + random() % 30;
    const int rows = static_cast<int>(seed == 0 ? 0 : random() % 20), longest = static_cast<int>(random() % 15);
    CAPTURE(seed, width, units, distinct, rows, longest);
    const Problem problem(width, units, distinct, rows, longest, 0.6f, &random);
    Lstm lstm(static_cast<int>(width), static_cast<int>(units), Precision::kFloat32);
    CheckAgainstReference(problem, Run(stream.get(), &lstm, problem), 1e-5);
  }
}

TEST_CASE("With bfloat16 operands the LSTM is near its reference, whether its weights stay on the chip or not") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  std::mt19937_64 random(1);
  for (const size_t units : {24, 64, 128, 256}) {
    // The last one has three clusters of rows, the last of them not full.
    const int rows = units == 64 ? 37 : 5;
    CAPTURE(units);
    const Problem problem(20, units, 15, rows, 6, 1.5f / std::sqrt(static_cast<float>(units)), &random);
    Lstm lstm(20, static_cast<int>(units), Precision::kBf16);
    CheckAgainstReference(problem, Run(stream.get(), &lstm, problem), 0.03);
  }
}

TEST_CASE("The two ways through an LSTM agree, with all options that both have") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  int seed = 0;
  for (const bool return_sequences : {false, true}) {
    for (const bool backwards : {false, true}) {
      for (const bool masked : {false, true}) {
        std::mt19937_64 random(++seed);
        CAPTURE(return_sequences, backwards, masked);
        const Problem p(9, 64, 12, 21, 5, 0.2f, &random);
        const size_t states = (return_sequences ? p.tokens.size() : p.rows.size()) * 64;
        const std::vector<float> seeds = RandomFloats(states, 1, &random);
        const std::vector<float> input_mask = RandomFloats(p.rows.size() * 9, 2, &random);
        DeviceArray<float> kernel(stream.get(), p.tensors.kernel), recurrent(stream.get(), p.tensors.recurrent),
            bias(stream.get(), p.tensors.bias), vectors(stream.get(), p.tensors.vectors),
            out_gradient(stream.get(), seeds), mask(stream.get(), input_mask),
            ones(stream.get(), std::vector<float>(p.rows.size() * 64, 1.0f));
        SequenceIndex index;
        index.Build(stream.get(), static_cast<int>(p.rows.size()), p.offsets.data(), p.tokens.data(), 12);
        std::vector<std::vector<float>> results[2];
        for (const bool persists : {false, true}) {
          // Dropout of the state, even if it drops nothing, is walked step by step.
          const RecurrentMasks masks = {masked ? mask.get() : nullptr, persists ? nullptr : ones.get()};
          const RecurrentOptions options = {
              .return_sequences = return_sequences, .go_backwards = backwards, .keep_places = masked};
          Lstm lstm(9, 64, Precision::kBf16, options);
          DeviceArray<float> out(stream.get(), states), by_kernel(stream.get(), p.tensors.kernel.size()),
              by_recurrent(stream.get(), p.tensors.recurrent.size()), by_bias(stream.get(), p.tensors.bias.size()),
              by_vectors(stream.get(), p.tensors.vectors.size());
          const RecurrentWeights weights = {kernel.get(), recurrent.get(), bias.get()};
          lstm.Forward(stream.get(), index, vectors.get(), weights, out.get(), masks);
          lstm.Backward(stream.get(), index, vectors.get(), weights, out_gradient.get(),
                        {by_kernel.get(), by_recurrent.get(), by_bias.get(), by_vectors.get()}, masks);
          results[persists] = {out.Read(), by_kernel.Read(), by_recurrent.Read(), by_bias.Read(), by_vectors.Read()};
        }
        for (size_t i = 0; i < results[0].size(); ++i) CHECK(Difference(results[1][i], Widen(results[0][i])) < 5e-3);
      }
    }
  }
}

TEST_CASE("A part's result has the same bits whatever was computed before, and when it is replayed") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  std::mt19937_64 random(5);
  const Problem small(12, 64, 9, 7, 6, 0.3f, &random), large(12, 64, 30, 20, 9, 0.3f, &random);
  for (const Precision precision : {Precision::kFloat32, Precision::kBf16}) {
    Lstm fresh(12, 64, precision), used(12, 64, precision);
    const Result want = Run(stream.get(), &fresh, small);
    Run(stream.get(), &used, large);
    for (int i = 0; i < 4; ++i) {
      const Result have = Run(stream.get(), &used, small);
      CHECK(have.out == want.out);
      CHECK(have.gradients.kernel == want.gradients.kernel);
      CHECK(have.gradients.recurrent == want.gradients.recurrent);
      CHECK(have.gradients.bias == want.gradients.bias);
      CHECK(have.gradients.vectors == want.gradients.vectors);
    }
  }
}

TEST_CASE("A NaN in one row's vector reaches that row's state and no other") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  std::mt19937_64 random(6);
  for (const Precision precision : {Precision::kFloat32, Precision::kBf16}) {
    Problem problem(8, 64, 4, 2, 1, 0.3f, &random);
    problem.rows = {{0, 1}, {2, 3}};
    problem.offsets = {0, 2, 4};
    problem.tokens = {0, 1, 2, 3};
    problem.tensors.vectors[0] = NAN;
    Lstm lstm(8, 64, precision);
    const Result result = Run(stream.get(), &lstm, problem);
    for (size_t i = 0; i < 64; ++i) CHECK(std::isnan(result.out[i]));
    for (size_t i = 64; i < 128; ++i) CHECK(std::isfinite(result.out[i]));
  }
}

}  // namespace
}  // namespace pumasi::cuda
