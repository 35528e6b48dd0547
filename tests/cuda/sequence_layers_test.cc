// Convolution, pooling, attention and the normalisations against their plain formulas.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <random>
#include <vector>

#include "ops/cuda/attention.h"
#include "ops/cuda/batch_normalization.h"
#include "ops/cuda/conv1d.h"
#include "ops/cuda/layer_normalization.h"
#include "ops/cuda/pooling.h"
#include "ops/sequence_reference.h"
#include "tests/cuda/differences.h"
#include "tests/cuda/on_device.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi::cuda {
namespace {

// Rows of unequal lengths over shared vectors.
struct Rows {
  int width;
  std::vector<uint32_t> offsets = {0}, tokens;
  std::vector<float> vectors;
  static constexpr int kDistinct = 7;

  Rows(int width, const std::vector<int>& lengths, std::mt19937_64* random)
      : width(width), vectors(RandomFloats(kDistinct * width, 1, random)) {
    for (const int length : lengths) {
      for (int t = 0; t < length; ++t) tokens.push_back(static_cast<uint32_t>((*random)() % kDistinct));
      offsets.push_back(static_cast<uint32_t>(tokens.size()));
    }
  }

  size_t rows() const { return offsets.size() - 1; }
  void Build(Stream* stream, SequenceIndex* index) const {
    index->Build(stream, static_cast<int>(rows()), offsets.data(), tokens.data(), kDistinct);
  }
  reference::Vectors<double> Row(size_t row, const std::vector<double>& x) const {
    reference::Vectors<double> out;
    for (uint32_t t = offsets[row]; t < offsets[row + 1]; ++t) {
      out.emplace_back(x.begin() + tokens[t] * width, x.begin() + (tokens[t] + 1) * width);
    }
    return out;
  }
};

double WeightedSum(const std::vector<double>& y, const std::vector<float>& weights) {
  REQUIRE(y.size() == weights.size());
  double sum = 0;
  for (size_t i = 0; i < y.size(); ++i) sum += y[i] * weights[i];
  return sum;
}

void Append(const std::vector<double>& values, std::vector<double>* to) {
  to->insert(to->end(), values.begin(), values.end());
}

const std::vector<int> kLengths[] = {{4, 0, 1, 9, 2}, {3}, {0}, {}};

TEST_CASE("Pooling equals its formula, forward and backward") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const std::vector<int>& lengths : kLengths) {
    for (const bool max : {true, false}) {
      std::mt19937_64 random(1);
      const Rows rows(6, lengths, &random);
      const std::vector<float> seeds = RandomFloats(rows.rows() * 6, 1, &random);
      std::vector<double> x = Widen(rows.vectors);
      const auto plain = [&] {
        std::vector<double> out;
        for (size_t row = 0; row < rows.rows(); ++row) {
          Append(max ? reference::GlobalMax<double>(6, rows.Row(row, x))
                     : reference::GlobalAverage<double>(6, rows.Row(row, x)),
                 &out);
        }
        return out;
      };
      SequenceIndex index;
      rows.Build(stream.get(), &index);
      DeviceArray<float> in(stream.get(), rows.vectors), out(stream.get(), seeds.size()), gradient(stream.get(), seeds),
          by_vectors(stream.get(), rows.vectors.size());
      DeviceArray<uint32_t> largest(stream.get(), seeds.size());
      DeviceBuffer<float> by_token;
      if (max) {
        GlobalMaxForward(stream.get(), index, 6, in.get(), out.get(), largest.get());
        GlobalMaxBackward(stream.get(), &index, 6, gradient.get(), largest.get(), &by_token, by_vectors.get());
      } else {
        GlobalAverageForward(stream.get(), index, 6, in.get(), out.get());
        GlobalAverageBackward(stream.get(), &index, 6, gradient.get(), &by_token, by_vectors.get());
      }
      CHECK(Difference(out.Read(), plain()) < 1e-6);
      CHECK(Difference(by_vectors.Read(), FiniteDifferences(&x, [&] { return WeightedSum(plain(), seeds); })) < 1e-5);
    }
  }
}

TEST_CASE("A NaN stays in a column's maximum, and the first of equals gets the gradient") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  SequenceIndex index;
  const std::vector<uint32_t> offsets = {0, 3};
  index.BuildOwnVectors(stream.get(), 1, offsets.data());
  DeviceArray<float> in(stream.get(), std::vector<float>{1, NAN, 2, 5, 2, 6}), out(stream.get(), size_t{2}),
      gradient(stream.get(), std::vector<float>{1, 1}), by_vectors(stream.get(), size_t{6});
  DeviceArray<uint32_t> largest(stream.get(), size_t{2});
  DeviceBuffer<float> by_token;
  GlobalMaxForward(stream.get(), index, 2, in.get(), out.get(), largest.get());
  GlobalMaxBackward(stream.get(), &index, 2, gradient.get(), largest.get(), &by_token, by_vectors.get());
  CHECK(out.Read()[0] == 2);
  CHECK(std::isnan(out.Read()[1]));
  const std::vector<float> have = by_vectors.Read();
  CHECK(have[2] == 1);
  CHECK(have[4] == 0);
}

TEST_CASE("Convolution equals its formula, forward and backward") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const std::vector<int>& lengths : kLengths) {
    for (const bool same : {false, true}) {
      for (const int size : {1, 2, 3}) {
        CAPTURE(lengths, same, size);
        std::mt19937_64 random(2);
        const Rows rows(4, lengths, &random);
        const std::vector<float> kernel = RandomFloats(size * 4 * 3, 1, &random), bias = RandomFloats(3, 1, &random);
        std::vector<double> x = Widen(rows.vectors), k = Widen(kernel), b = Widen(bias);
        const auto plain = [&] {
          std::vector<double> out;
          for (size_t row = 0; row < rows.rows(); ++row) {
            for (const auto& y : reference::Conv1d<double>(size, same, Activation::kTanh, k, b, rows.Row(row, x))) {
              Append(y, &out);
            }
          }
          return out;
        };
        const std::vector<float> seeds = RandomFloats(plain().size(), 1, &random);
        Conv1d conv({.width = 4, .filters = 3, .kernel_size = size, .same = same, .activation = Activation::kTanh},
                    Precision::kFloat32);
        SequenceIndex index;
        rows.Build(stream.get(), &index);
        REQUIRE(conv.Output(stream.get(), index)->tokens() * 3 == seeds.size());
        DeviceArray<float> in(stream.get(), rows.vectors), dk(stream.get(), kernel), db(stream.get(), bias),
            out(stream.get(), seeds.size()), gradient(stream.get(), seeds), by_kernel(stream.get(), kernel.size()),
            by_bias(stream.get(), bias.size()), by_vectors(stream.get(), rows.vectors.size());
        conv.Forward(stream.get(), index, in.get(), dk.get(), db.get(), out.get());
        CHECK(Difference(out.Read(), plain()) < 1e-5);
        conv.Backward(stream.get(), &index, dk.get(), out.get(), gradient.get(), by_kernel.get(), by_bias.get(),
                      by_vectors.get());
        const auto loss = [&] { return WeightedSum(plain(), seeds); };
        CHECK(Difference(by_kernel.Read(), FiniteDifferences(&k, loss)) < 1e-5);
        CHECK(Difference(by_bias.Read(), FiniteDifferences(&b, loss)) < 1e-5);
        CHECK(Difference(by_vectors.Read(), FiniteDifferences(&x, loss)) < 1e-5);
      }
    }
  }
}

TEST_CASE("Attention equals its formula, forward and backward") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const std::vector<int>& lengths : kLengths) {
    CAPTURE(lengths);
    std::mt19937_64 random(3);
    const Rows rows(5, lengths, &random);
    const std::vector<float> kernel = RandomFloats(5 * 4, 1, &random), bias = RandomFloats(4, 1, &random);
    const std::vector<float> vector = RandomFloats(4, 2, &random), seeds = RandomFloats(rows.rows() * 5, 1, &random);
    std::vector<double> x = Widen(rows.vectors), k = Widen(kernel), b = Widen(bias), v = Widen(vector);
    const auto plain = [&] {
      std::vector<double> out;
      for (size_t row = 0; row < rows.rows(); ++row) {
        Append(reference::Attention<double>(5, k, b, v, rows.Row(row, x)), &out);
      }
      return out;
    };
    SequenceIndex index;
    rows.Build(stream.get(), &index);
    DeviceArray<float> in(stream.get(), rows.vectors), dk(stream.get(), kernel), db(stream.get(), bias),
        dv(stream.get(), vector), out(stream.get(), seeds.size()), gradient(stream.get(), seeds),
        by_kernel(stream.get(), kernel.size()), by_bias(stream.get(), bias.size()),
        by_vector(stream.get(), vector.size()), by_vectors(stream.get(), rows.vectors.size());
    Attention attention(5, 4, Precision::kFloat32);
    const AttentionWeights weights = {dk.get(), db.get(), dv.get()};
    attention.Forward(stream.get(), index, in.get(), weights, out.get());
    CHECK(Difference(out.Read(), plain()) < 1e-5);
    attention.Backward(stream.get(), &index, in.get(), weights, gradient.get(),
                       {by_kernel.get(), by_bias.get(), by_vector.get()}, by_vectors.get());
    const auto loss = [&] { return WeightedSum(plain(), seeds); };
    CHECK(Difference(by_kernel.Read(), FiniteDifferences(&k, loss)) < 2e-5);
    CHECK(Difference(by_bias.Read(), FiniteDifferences(&b, loss)) < 2e-5);
    CHECK(Difference(by_vector.Read(), FiniteDifferences(&v, loss)) < 2e-5);
    CHECK(Difference(by_vectors.Read(), FiniteDifferences(&x, loss)) < 2e-5);
  }
}

TEST_CASE("Layer normalisation equals its formula, forward and backward") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const size_t rows : {0, 1, 70}) {
    for (const int width : {1, 5, 40}) {
      CAPTURE(rows, width);
      std::mt19937_64 random(4);
      const std::vector<float> in = RandomFloats(rows * width, 1, &random),
                               seeds = RandomFloats(rows * width, 1, &random);
      const std::vector<float> gamma = RandomFloats(width, 1, &random), beta = RandomFloats(width, 1, &random);
      std::vector<double> x = Widen(in), g = Widen(gamma), b = Widen(beta);
      const auto plain = [&] {
        std::vector<double> out;
        for (size_t row = 0; row < rows; ++row) {
          const std::vector<double> one(x.begin() + row * width, x.begin() + (row + 1) * width);
          Append(reference::LayerNormalization<double>(1e-2f, g, b, one), &out);
        }
        return out;
      };
      DeviceArray<float> dx(stream.get(), in), dg(stream.get(), gamma), db(stream.get(), beta),
          y(stream.get(), in.size()), gradient(stream.get(), seeds), by_gamma(stream.get(), gamma.size()),
          by_beta(stream.get(), beta.size()), by_x(stream.get(), in.size());
      DeviceBuffer<float> scaled, partial;
      LayerNormalizationForward(stream.get(), rows, width, 1e-2f, dx.get(), dg.get(), db.get(), y.get());
      CHECK(Difference(y.Read(), plain()) < 1e-5);
      LayerNormalizationBackward(stream.get(), rows, width, 1e-2f, dx.get(), dg.get(), gradient.get(), &scaled,
                                 &partial, by_gamma.get(), by_beta.get(), by_x.get());
      if (rows == 70 || width == 1) continue;  // finite differences of many numbers take long, of one are noise
      const auto loss = [&] { return WeightedSum(plain(), seeds); };
      CHECK(Difference(by_gamma.Read(), FiniteDifferences(&g, loss)) < 1e-5);
      CHECK(Difference(by_beta.Read(), FiniteDifferences(&b, loss)) < 1e-5);
      CHECK(Difference(by_x.Read(), FiniteDifferences(&x, loss)) < 1e-5);
    }
  }
}

TEST_CASE("Batch normalisation equals its formula, forward and backward, also with vectors that count several times") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (const bool counted : {false, true}) {
    std::mt19937_64 random(5);
    const size_t count = 71;
    const int width = 3;
    std::vector<uint32_t> times(count, 1);
    for (size_t v = 0; counted && v < count; ++v) times[v] = static_cast<uint32_t>(v % 4);
    double total = 0;
    for (const uint32_t n : times) total += n;
    const std::vector<float> in = RandomFloats(count * width, 1, &random),
                             seeds = RandomFloats(count * width, 1, &random);
    const std::vector<float> gamma = RandomFloats(width, 1, &random), beta = RandomFloats(width, 1, &random);
    std::vector<double> x = Widen(in), g = Widen(gamma), b = Widen(beta);
    const auto plain = [&] {
      std::vector<double> y(x.size());
      for (int i = 0; i < width; ++i) {
        double mean = 0, variance = 0;
        for (size_t v = 0; v < count; ++v) mean += times[v] * x[v * width + i] / total;
        for (size_t v = 0; v < count; ++v) variance += times[v] * std::pow(x[v * width + i] - mean, 2) / total;
        for (size_t v = 0; v < count; ++v) {
          y[v * width + i] = g[i] * (x[v * width + i] - mean) / std::sqrt(variance + 0.01f) + b[i];
        }
      }
      return y;
    };
    // A gradient is the sum over the times that a vector counts: none for one that does not.
    std::vector<float> summed = seeds;
    for (size_t i = 0; i < summed.size(); ++i) summed[i] = times[i / width] == 0 ? 0.0f : summed[i];
    DeviceArray<float> dx(stream.get(), in), dg(stream.get(), gamma), db(stream.get(), beta),
        y(stream.get(), in.size()), gradient(stream.get(), summed), by_gamma(stream.get(), gamma.size()),
        by_beta(stream.get(), beta.size()), by_x(stream.get(), in.size());
    DeviceArray<uint32_t> device_times(stream.get(), times);
    BatchNormalization normalization(width, 0.01f);
    const CountedVectors vectors = {count, dx.get(), counted ? device_times.get() : nullptr, total};
    normalization.Forward(stream.get(), vectors, dg.get(), db.get(), y.get());
    CHECK(Difference(y.Read(), plain()) < 1e-5);
    normalization.Backward(stream.get(), vectors, dg.get(), gradient.get(), by_gamma.get(), by_beta.get(), by_x.get());
    const auto loss = [&] { return WeightedSum(plain(), summed); };
    CHECK(Difference(by_gamma.Read(), FiniteDifferences(&g, loss)) < 1e-5);
    CHECK(Difference(by_beta.Read(), FiniteDifferences(&b, loss)) < 1e-5);
    CHECK(Difference(by_x.Read(), FiniteDifferences(&x, loss)) < 1e-5);
  }
}

}  // namespace
}  // namespace pumasi::cuda
