#include "ops/gemm.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "tests/ops/random_floats.h"
#include "tests/ops/same_numbers.h"

namespace pumasi {
namespace {

std::vector<double> PlainProduct(bool transpose_a, bool transpose_b, int m, int n, int k, const std::vector<float>& a,
                                 int lda, const std::vector<float>& b, int ldb, float beta,
                                 const std::vector<float>& c) {
  std::vector<double> out(c.size());
  for (int i = 0; i < m; ++i) {
    for (int j = 0; j < n; ++j) {
      double sum = beta == 0 ? 0.0 : static_cast<double>(beta) * c[i * n + j];
      for (int p = 0; p < k; ++p) {
        sum += static_cast<double>(transpose_a ? a[p * lda + i] : a[i * lda + p]) *
               (transpose_b ? b[j * ldb + p] : b[p * ldb + j]);
      }
      out[i * n + j] = sum;
    }
  }
  return out;
}

TEST_CASE("A product equals the plain triple loop for odd shapes, transposes and betas") {
  const int seed = GENERATE(range(0, 60));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const auto size = [&] { return static_cast<int>(1 + random() % (seed % 3 == 0 ? 200 : 19)); };
  const int m = size(), n = size(), k = size();
  const bool transpose_a = random() % 2, transpose_b = random() % 2;
  const float beta = std::vector<float>{0, 1, -0.5f}[random() % 3];
  const int lda = (transpose_a ? m : k) + static_cast<int>(random() % 3);
  const int ldb = (transpose_b ? k : n) + static_cast<int>(random() % 3);
  CAPTURE(m, n, k, transpose_a, transpose_b, beta);
  const std::vector<float> a = RandomFloats((transpose_a ? k : m) * lda, 1, &random);
  const std::vector<float> b = RandomFloats((transpose_b ? n : k) * ldb, 1, &random);
  std::vector<float> c = RandomFloats(m * n, 1, &random);
  const std::vector<double> want = PlainProduct(transpose_a, transpose_b, m, n, k, a, lda, b, ldb, beta, c);
  if (beta == 0) std::fill(c.begin(), c.end(), NAN);
  Gemm(transpose_a ? Transpose::kYes : Transpose::kNo, transpose_b ? Transpose::kYes : Transpose::kNo, m, n, k,
       a.data(), lda, b.data(), ldb, beta, c.data(), n);
  CHECK(Difference(c, want) < 1e-5);
}

TEST_CASE("A product without rows, columns or depth touches what it should and no more") {
  std::vector<float> c = {1, 2, 3, 4};
  Gemm(Transpose::kNo, Transpose::kNo, 0, 2, 3, nullptr, 3, nullptr, 2, 0, c.data(), 2);
  Gemm(Transpose::kNo, Transpose::kNo, 2, 0, 3, nullptr, 3, nullptr, 1, 0, c.data(), 2);
  CHECK(c == std::vector<float>{1, 2, 3, 4});
  Gemm(Transpose::kNo, Transpose::kNo, 2, 2, 0, nullptr, 1, nullptr, 2, 0.5f, c.data(), 2);
  CHECK(c == std::vector<float>{0.5f, 1, 1.5f, 2});
  Gemm(Transpose::kNo, Transpose::kNo, 2, 2, 0, nullptr, 1, nullptr, 2, 0, c.data(), 2);
  CHECK(c == std::vector<float>{0, 0, 0, 0});
}

TEST_CASE("A product has the same bits wherever its matrices lie in memory") {
  std::mt19937_64 random(7);
  for (const int m : {1, 5, 16, 47}) {
    const int n = 129, k = 77;
    CAPTURE(m);
    const std::vector<float> a = RandomFloats(m * k, 1, &random), b = RandomFloats(k * n, 1, &random);
    std::vector<float> first(m * n);
    Gemm(Transpose::kNo, Transpose::kNo, m, n, k, a.data(), k, b.data(), n, 0, first.data(), n);
    for (size_t shift = 1; shift < 9; ++shift) {
      std::vector<float> a2(a.size() + shift), b2(b.size() + 2 * shift), c2(first.size() + shift);
      std::copy(a.begin(), a.end(), a2.begin() + shift);
      std::copy(b.begin(), b.end(), b2.begin() + 2 * shift);
      Gemm(Transpose::kNo, Transpose::kNo, m, n, k, a2.data() + shift, k, b2.data() + 2 * shift, n, 0,
           c2.data() + shift, n);
      CHECK(std::memcmp(first.data(), c2.data() + shift, first.size() * sizeof(float)) == 0);
    }
  }
}

TEST_CASE("The kernel set names library, instruction set, device and threads") {
  CHECK(KernelSet().find("onednn-") == 0);
  CHECK(KernelSet().find("/cpu/threads=1") != std::string::npos);
  SetGemmThreads(2);
  CHECK(KernelSet().find("/threads=2") != std::string::npos);
  SetGemmThreads(0);
  CHECK(KernelSet().find("/threads=1") != std::string::npos);
}

}  // namespace
}  // namespace pumasi
