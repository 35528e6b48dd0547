#include "ops/cuda/dropout.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "tests/cuda/on_device.h"
#include "tests/ops/random_floats.h"

namespace pumasi::cuda {
namespace {

TEST_CASE("Factors drawn on a device are the CPU's, to the bit") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  const uint64_t draws = DropoutStream({7, 1ull << 33, 5}, 2);
  for (const double rate : {0.0, 0.1, 0.5, 0.99}) {
    for (const int width : {1, 3, 4, 30}) {
      CAPTURE(rate, width);
      std::vector<float> want(3 * width);
      for (uint32_t row = 0; row < 3; ++row) {
        DropoutFactors(draws, {row, 0, DropoutUse::kBackwardState}, rate, width, want.data() + row * width);
      }
      DeviceArray<float> factors(stream.get(), want.size());
      DropoutRows(stream.get(), draws, DropoutUse::kBackwardState, rate, 3, width, factors.get());
      CHECK(factors.Read() == want);
    }
  }
}

TEST_CASE("Each token loses values of its own, or all tokens of a row the same columns") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  std::mt19937_64 random(1);
  const int width = 9;
  const uint64_t draws = DropoutStream({1, 2, 3}, 4);
  const std::vector<uint32_t> offsets = {0, 3, 3, 5}, tokens = {1, 0, 1, 2, 1};
  const std::vector<float> vectors = RandomFloats(3 * width, 1, &random), seeds = RandomFloats(5 * width, 1, &random);
  SequenceIndex index;
  index.Build(stream.get(), 3, offsets.data(), tokens.data(), 3);
  for (const bool whole_columns : {false, true}) {
    std::vector<float> want(5 * width), want_gradient(5 * width), factors(width);
    for (uint32_t row = 0; row < 3; ++row) {
      for (uint32_t token = offsets[row]; token < offsets[row + 1]; ++token) {
        const uint32_t step = whole_columns ? 0 : token - offsets[row];
        DropoutFactors(draws, {row, step, DropoutUse::kInput}, 0.4, width, factors.data());
        for (int i = 0; i < width; ++i) {
          want[token * width + i] = vectors[tokens[token] * width + i] * factors[i];
          want_gradient[token * width + i] = seeds[token * width + i] * factors[i];
        }
      }
    }
    DeviceArray<float> in(stream.get(), vectors), out(stream.get(), want.size()), gradient(stream.get(), seeds);
    DropoutForward(stream.get(), draws, 0.4, whole_columns, &index, 3, width, in.get(), out.get());
    DropoutBackward(stream.get(), draws, 0.4, whole_columns, &index, 3, width, gradient.get());
    CHECK(out.Read() == want);
    CHECK(gradient.Read() == want_gradient);
  }
  // One vector a row.
  std::vector<float> want(3 * width), factors(width);
  for (uint32_t row = 0; row < 3; ++row) {
    DropoutFactors(draws, {row, 0, DropoutUse::kInput}, 0.4, width, factors.data());
    for (int i = 0; i < width; ++i) want[row * width + i] = vectors[row * width + i] * factors[i];
  }
  DeviceArray<float> in(stream.get(), vectors), out(stream.get(), want.size());
  DropoutForward(stream.get(), draws, 0.4, false, nullptr, 3, width, in.get(), out.get());
  CHECK(out.Read() == want);
}

}  // namespace
}  // namespace pumasi::cuda
