#include "ops/gemm.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "ops/instruction_set.h"
#include "tests/ops/plain_product.h"
#include "tests/ops/random_floats.h"

namespace pumasi {
namespace {

constexpr InstructionSet kSets[] = {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512,
                                    InstructionSet::kAvx512Bf16};
constexpr Precision kPrecisions[] = {Precision::kFloat32, Precision::kBf16};

Transpose If(bool transposed) { return transposed ? Transpose::kYes : Transpose::kNo; }

// Numbers whose products and sums overflow, cancel, round and vanish; now and then NaN and infinities.
std::vector<float> WildFloats(size_t count, std::mt19937_64* random) {
  std::vector<float> values(count);
  for (float& value : values) {
    uint32_t bits = static_cast<uint32_t>((*random)());
    // Most of them of moderate size, or all sums would be infinite.
    if ((*random)() % 8 != 0) bits = (bits & 0x807fffffu) | ((117u + (*random)() % 20) << 23);
    if ((*random)() % 16 == 0) bits &= 0x80ffffffu;
    std::memcpy(&value, &bits, sizeof value);
  }
  return values;
}

// A product of random shape, distances and values, where all numbers in it begin at odd places in memory.
struct Problem {
  PlainProduct plain;
  std::vector<float> a, b, c;
  int ldc = 0;

  Problem(int largest, bool wild, std::mt19937_64* random) {
    const auto size = [&] { return static_cast<int>(1 + (*random)() % largest); };
    const auto floats = [&](size_t count) { return wild ? WildFloats(count, random) : RandomFloats(count, 1, random); };
    plain.m = size();
    plain.n = size();
    plain.k = size();
    plain.transpose_a = (*random)() % 2;
    plain.transpose_b = (*random)() % 2;
    plain.beta = std::vector<float>{0, 1, -0.5f}[(*random)() % 3];
    plain.lda = (plain.transpose_a ? plain.m : plain.k) + static_cast<int>((*random)() % 3);
    plain.ldb = (plain.transpose_b ? plain.k : plain.n) + static_cast<int>((*random)() % 3);
    ldc = plain.n + static_cast<int>((*random)() % 3);
    a = floats(1 + static_cast<size_t>(plain.transpose_a ? plain.k : plain.m) * plain.lda);
    b = floats(1 + static_cast<size_t>(plain.transpose_b ? plain.n : plain.k) * plain.ldb);
    c = floats(static_cast<size_t>(plain.m) * ldc);
    plain.a = a.data() + 1;
    plain.b = b.data() + 1;
  }

  std::vector<float> Want(Precision precision) {
    plain.precision = precision;
    plain.fused = UsedInstructionSet() != InstructionSet::kBaseline;
    return plain.Of(c, ldc);
  }

  std::vector<float> Have(Precision precision) const {
    std::vector<float> out = c;
    Gemm(precision, If(plain.transpose_a), If(plain.transpose_b), plain.m, plain.n, plain.k, plain.a, plain.lda,
         plain.b, plain.ldb, plain.beta, out.data(), ldc);
    return out;
  }
};

TEST_CASE("A product is the plain loop's bit for bit, for odd shapes, transposes, betas and instruction sets") {
  const int seed = GENERATE(range(0, 120));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Problem problem(seed % 3 == 0 ? 200 : 19, seed % 2 == 0, &random);
  const PlainProduct& plain = problem.plain;
  CAPTURE(plain.m, plain.n, plain.k, plain.transpose_a, plain.transpose_b, plain.beta);
  for (const Precision precision : kPrecisions) {
    for (const InstructionSet set : kSets) {
      const ScopedInstructionSet scope(set);
      CAPTURE(static_cast<int>(precision), static_cast<int>(set));
      const std::vector<float> want = problem.Want(precision), have = problem.Have(precision);
      CHECK(DifferentBits(have.data(), want.data(), want.size()) == 0);
    }
  }
}

TEST_CASE("A product with more rows and depth than one block holds is the plain loop's bit for bit") {
  for (const bool transposed : {false, true}) {
    std::mt19937_64 random(5);
    Problem problem(1, false, &random);
    PlainProduct& plain = problem.plain;
    plain.m = 391;
    plain.n = 67;
    plain.k = 1537;
    plain.transpose_a = plain.transpose_b = transposed;
    plain.lda = transposed ? plain.m : plain.k;
    plain.ldb = transposed ? plain.k : plain.n;
    problem.ldc = plain.n;
    problem.a = RandomFloats(static_cast<size_t>(plain.m) * plain.k, 1, &random);
    problem.b = RandomFloats(static_cast<size_t>(plain.k) * plain.n, 1, &random);
    problem.c = RandomFloats(static_cast<size_t>(plain.m) * plain.n, 1, &random);
    plain.a = problem.a.data();
    plain.b = problem.b.data();
    for (const Precision precision : kPrecisions) {
      CAPTURE(transposed, static_cast<int>(precision));
      const std::vector<float> want = problem.Want(precision), have = problem.Have(precision);
      CHECK(DifferentBits(have.data(), want.data(), want.size()) == 0);
    }
  }
}

TEST_CASE("Threads do not change a bit of a product") {
  for (int seed = 0; seed < 20; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const Problem problem(300, false, &random);
    const std::vector<float> one = problem.Have(Precision::kFloat32);
    for (const int threads : {2, 3, 5}) {
      SetGemmThreads(threads);
      const std::vector<float> several = problem.Have(Precision::kFloat32);
      CHECK(several == one);
    }
    SetGemmThreads(1);
  }
}

TEST_CASE("A product with a packed operand has the bits of one without") {
  const int seed = GENERATE(range(0, 40));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Problem problem(seed % 4 == 0 ? 900 : 150, false, &random);
  const PlainProduct& plain = problem.plain;
  PackedMatrix packed;
  for (const Precision precision : kPrecisions) {
    packed.Pack(precision, plain.transpose_b, plain.k, plain.n, plain.b, plain.ldb);
    std::vector<float> have = problem.c;
    Gemm(If(plain.transpose_a), plain.m, plain.a, plain.lda, packed, plain.beta, have.data(), problem.ldc);
    const std::vector<float> want = problem.Have(precision);
    CHECK(have == want);
  }
}

TEST_CASE("A row's bits do not depend on the rows beside it") {
  std::mt19937_64 random(3);
  const int m = 100, n = 129, k = 77;
  const std::vector<float> a = RandomFloats(m * k, 1, &random), b = RandomFloats(k * n, 1, &random);
  std::vector<float> all(m * n), one(n);
  Gemm(Transpose::kNo, Transpose::kNo, m, n, k, a.data(), k, b.data(), n, 0, all.data(), n);
  for (int i = 0; i < m; ++i) {
    Gemm(Transpose::kNo, Transpose::kNo, 1, n, k, a.data() + i * k, k, b.data(), n, 0, one.data(), n);
    CHECK(std::equal(one.begin(), one.end(), all.begin() + i * n));
  }
}

TEST_CASE("A product that begins at a row is the product of one more depth") {
  std::mt19937_64 random(4);
  const int m = 50, n = 70, k = 33;
  const std::vector<float> a = RandomFloats(m * k, 1, &random), row = RandomFloats(n, 1, &random);
  const std::vector<float> b = RandomFloats(n * k, 1, &random);
  std::vector<float> want(m * n), have(m * n, NAN);
  for (int i = 0; i < m; ++i) std::copy(row.begin(), row.end(), want.begin() + i * n);
  Gemm(Transpose::kNo, Transpose::kYes, m, n, k, a.data(), k, b.data(), k, 1, want.data(), n);
  GemmPlusRow(Precision::kFloat32, Transpose::kYes, m, n, k, a.data(), k, b.data(), k, row.data(), have.data(), n);
  CHECK(have == want);
  PackedMatrix packed;
  packed.Pack(Precision::kFloat32, true, k, n, b.data(), k);
  std::fill(have.begin(), have.end(), NAN);
  GemmPlusRow(m, a.data(), k, packed, row.data(), have.data(), n);
  CHECK(have == want);
  GemmPlusRow(Precision::kFloat32, Transpose::kNo, 1, n, 0, nullptr, 1, nullptr, n, row.data(), have.data(), n);
  CHECK(std::equal(row.begin(), row.end(), have.begin()));
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

TEST_CASE("With beta 0 a product does not read what it writes") {
  std::mt19937_64 random(8);
  const int m = 13, n = 70, k = 900;
  const std::vector<float> a = RandomFloats(m * k, 1, &random), b = RandomFloats(k * n, 1, &random);
  std::vector<float> zeros(m * n, 0.0f), nans(m * n, NAN);
  Gemm(Transpose::kNo, Transpose::kNo, m, n, k, a.data(), k, b.data(), n, 0, zeros.data(), n);
  Gemm(Transpose::kNo, Transpose::kNo, m, n, k, a.data(), k, b.data(), n, 0, nans.data(), n);
  CHECK(nans == zeros);
}

TEST_CASE("The kernel set names what decides the bits, and that alone") {
  for (const InstructionSet set : {InstructionSet::kAvx2, InstructionSet::kAvx512, InstructionSet::kAvx512Bf16}) {
    if (set > BestInstructionSet()) continue;
    const ScopedInstructionSet scope(set);
    SetGemmThreads(2);
    CHECK(KernelSet() == "pumasi-fma/cpu");
    CHECK(KernelSet(Precision::kBf16) == "pumasi-fma-bf16/cpu");
    SetGemmThreads(1);
  }
  const ScopedInstructionSet scope(InstructionSet::kBaseline);
  CHECK(KernelSet() == "pumasi-plain/cpu");
  CHECK(KernelSet(Precision::kBf16) == "pumasi-plain-bf16/cpu");
}

}  // namespace
}  // namespace pumasi
