#include "ops/cuda/dense.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <vector>

#include "ops/dense_reference.h"
#include "tests/cuda/on_device.h"
#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi::cuda {
namespace {

TEST_CASE("Products equal plain ones for all transpositions, distances between rows and sizes") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (int seed = 0; seed < 16; ++seed) {
    std::mt19937_64 random(seed);
    const int m = static_cast<int>(random() % 40), n = static_cast<int>(random() % 40);
    const int k = seed == 3 ? 0 : static_cast<int>(random() % 40);
    const bool a = seed & 1, b = seed & 2;
    const float beta = seed & 4 ? 1.0f : 0.0f;
    if (k == 0 && beta == 1) continue;
    const int lda = (a ? m : k) + 3, ldb = (b ? k : n) + 1, ldc = n + 2;
    CAPTURE(seed, m, n, k);
    const std::vector<float> A = RandomFloats((a ? k : m) * lda, 1, &random),
                             B = RandomFloats((b ? n : k) * ldb, 1, &random), C = RandomFloats(m * ldc, 1, &random);
    std::vector<double> want(C.begin(), C.end());
    for (int i = 0; i < m; ++i) {
      for (int j = 0; j < n; ++j) {
        double sum = beta * C[i * ldc + j];
        for (int d = 0; d < k; ++d) {
          sum += static_cast<double>(a ? A[d * lda + i] : A[i * lda + d]) * (b ? B[j * ldb + d] : B[d * ldb + j]);
        }
        want[i * ldc + j] = sum;
      }
    }
    DeviceArray<float> da(stream.get(), A), db(stream.get(), B), dc(stream.get(), C);
    const auto transposed = [](bool yes) { return yes ? Transposed::kYes : Transposed::kNo; };
    Product(stream.get(), Precision::kFloat32, transposed(a), transposed(b), m, n, k, da.get(), lda, db.get(), ldb,
            beta, dc.get(), ldc);
    CHECK(Difference(dc.Read(), want) < 1e-6);
    DeviceArray<float> rounded(stream.get(), C);
    Product(stream.get(), Precision::kBf16, transposed(a), transposed(b), m, n, k, da.get(), lda, db.get(), ldb, beta,
            rounded.get(), ldc);
    CHECK(Difference(rounded.Read(), want) < 0.02);
  }
}

TEST_CASE("The dense layer equals its reference, forward and backward") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  for (int seed = 0; seed < 16; ++seed) {
    std::mt19937_64 random(seed);
    const DenseShape shape = {static_cast<int>(seed == 0 ? 0 : random() % 90), static_cast<int>(1 + random() % 40),
                              static_cast<int>(1 + random() % 70)};
    const auto activation = static_cast<Activation>(seed % 4);
    CAPTURE(seed, shape.rows, shape.inputs, shape.units);
    const size_t rows = shape.rows, inputs = shape.inputs, units = shape.units;
    const std::vector<float> x = RandomFloats(rows * inputs, 1, &random),
                             seeds = RandomFloats(rows * units, 1, &random);
    const std::vector<float> kernel = RandomFloats(inputs * units, 0.5f, &random),
                             bias = RandomFloats(units, 1, &random);
    const reference::Dense<double> plain = {rows, inputs, units, activation, Widen(kernel), Widen(bias)};
    std::vector<double> kernel_gradient(kernel.size()), bias_gradient(units), x_gradient(x.size());
    plain.Backward(Widen(x), Widen(seeds), &kernel_gradient, &bias_gradient, &x_gradient);

    DeviceArray<float> dx(stream.get(), x), dk(stream.get(), kernel), db(stream.get(), bias),
        y(stream.get(), rows * units);
    DeviceArray<float> gradient(stream.get(), seeds), gk(stream.get(), kernel.size()), gb(stream.get(), units),
        gx(stream.get(), x.size());
    DeviceBuffer<float> partial;
    DenseForward(stream.get(), Precision::kFloat32, shape, activation, dx.get(), dk.get(), db.get(), y.get());
    CHECK(Difference(y.Read(), plain.Forward(Widen(x))) < 2e-6);
    DenseBackward(stream.get(), Precision::kFloat32, shape, activation, dx.get(), dk.get(), y.get(), gradient.get(),
                  gk.get(), gb.get(), gx.get(), &partial);
    CHECK(Difference(gk.Read(), kernel_gradient) < 1e-5);
    CHECK(Difference(gb.Read(), bias_gradient) < 1e-5);
    CHECK(Difference(gx.Read(), x_gradient) < 1e-5);
  }
}

TEST_CASE("Activations of NaN and infinity are those of the formula") {
  const auto stream = StreamForTest();
  if (stream == nullptr) return;
  const std::vector<float> values = {NAN, INFINITY, -INFINITY, 0};
  for (const auto activation : {Activation::kLinear, Activation::kRelu, Activation::kTanh, Activation::kSigmoid}) {
    DeviceArray<float> z(stream.get(), values), bias(stream.get(), std::vector<float>(4));
    AddBiasAndActivate(stream.get(), activation, 1, 4, bias.get(), z.get());
    const std::vector<float> have = z.Read();
    CHECK(std::isnan(have[0]));
    for (int i = 1; i < 4; ++i)
      CHECK(have[i] == static_cast<float>(reference::Activate<double>(activation, values[i])));
  }
}

}  // namespace
}  // namespace pumasi::cuda
