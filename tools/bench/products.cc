#include "tools/bench/products.h"

#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "ops/gemm.h"

namespace pumasi {
namespace {

struct Product {
  Transpose a, b;
  int m, n, k, times;
};

std::vector<Product> ProductsOf(const LstmShape& shape) {
  const int gates = 4 * shape.units;
  return {{Transpose::kNo, Transpose::kNo, shape.distinct, gates, shape.width, 1},
          {Transpose::kNo, Transpose::kNo, shape.rows, gates, shape.units, shape.steps},
          {Transpose::kNo, Transpose::kNo, shape.rows, shape.units, gates, shape.steps},
          {Transpose::kYes, Transpose::kNo, shape.units, gates, shape.rows * shape.steps, 1},
          {Transpose::kYes, Transpose::kNo, shape.width, gates, shape.distinct, 1},
          {Transpose::kNo, Transpose::kNo, shape.distinct, shape.width, gates, 1}};
}

struct Matrices {
  std::vector<float> a, b, c;
  explicit Matrices(const std::vector<Product>& products) {
    size_t most_a = 0, most_b = 0, most_c = 0;
    for (const Product& p : products) {
      most_a = std::max(most_a, size_t(p.m) * p.k);
      most_b = std::max(most_b, size_t(p.k) * p.n);
      most_c = std::max(most_c, size_t(p.m) * p.n);
    }
    a.assign(most_a, 0.1f);
    b.assign(most_b, 0.1f);
    c.assign(most_c, 0.0f);
  }
};

int Lda(const Product& p) { return p.a == Transpose::kNo ? p.k : p.m; }
int Ldb(const Product& p) { return p.b == Transpose::kNo ? p.n : p.k; }

void Sgemm(const Product& p, Matrices* in) {
  dnnl_sgemm(p.a == Transpose::kYes ? 'T' : 'N', p.b == Transpose::kYes ? 'T' : 'N', p.m, p.n, p.k, 1, in->a.data(),
             Lda(p), in->b.data(), Ldb(p), 0, in->c.data(), p.n);
}

}  // namespace

std::function<void()> BareProducts(Precision precision, const LstmShape& shape) {
  const std::vector<Product> products = ProductsOf(shape);
  const auto matrices = std::make_shared<Matrices>(products);
  const auto packed = std::make_shared<std::vector<PackedMatrix>>(products.size());
  for (size_t i = 0; i < products.size(); ++i) {
    const Product& p = products[i];
    // Weights; the others are gradients, which are never there beforehand.
    if (p.a == Transpose::kNo) (*packed)[i].Pack(precision, false, p.k, p.n, matrices->b.data(), p.n);
  }
  return [=] {
    for (size_t i = 0; i < products.size(); ++i) {
      const Product& p = products[i];
      for (int time = 0; time < p.times; ++time) {
        if (p.a == Transpose::kNo) {
          Gemm(p.a, p.m, matrices->a.data(), Lda(p), (*packed)[i], 0, matrices->c.data(), p.n);
        } else {
          Gemm(precision, p.a, p.b, p.m, p.n, p.k, matrices->a.data(), Lda(p), matrices->b.data(), Ldb(p), 0,
               matrices->c.data(), p.n);
        }
      }
    }
  };
}

std::function<void()> BareSgemm(const LstmShape& shape) {
  const std::vector<Product> products = ProductsOf(shape);
  const auto matrices = std::make_shared<Matrices>(products);
  return [=] {
    for (const Product& p : products) {
      for (int time = 0; time < p.times; ++time) Sgemm(p, matrices.get());
    }
  };
}

void BenchProducts(int repetitions, Report* report) {
  constexpr Transpose kNo = Transpose::kNo, kYes = Transpose::kYes;
  // Small ones often enough for the clock.
  const std::vector<Product> products = {
      {kNo, kNo, 64, 1024, 256, 20},   {kNo, kNo, 32, 1024, 256, 40},   {kNo, kNo, 16, 1024, 256, 80},
      {kNo, kNo, 8, 1024, 256, 160},   {kNo, kNo, 64, 256, 1024, 20},   {kNo, kNo, 1560, 1024, 300, 1},
      {kNo, kYes, 1560, 300, 1024, 1}, {kYes, kNo, 256, 1024, 3200, 1}, {kYes, kNo, 300, 1024, 1560, 1}};
  for (const Product& p : products) {
    Matrices in({p});
    PackedMatrix packed;
    packed.Pack(Precision::kFloat32, p.b == kYes, p.k, p.n, in.b.data(), Ldb(p));
    const auto times = [&p](const std::function<void()>& work) {
      return [&p, work] {
        for (int time = 0; time < p.times; ++time) work();
      };
    };
    const auto ours = [&](Precision precision) {
      return times([&p, &in, precision] {
        Gemm(precision, p.a, p.b, p.m, p.n, p.k, in.a.data(), Lda(p), in.b.data(), Ldb(p), 0, in.c.data(), p.n);
      });
    };
    const auto seconds = MedianSeconds(
        {ours(Precision::kFloat32), times([&] { Sgemm(p, &in); }),
         times([&] { Gemm(p.a, p.m, in.a.data(), Lda(p), packed, 0, in.c.data(), p.n); }), ours(Precision::kBf16)},
        repetitions);
    const double gflop = 2e-9 * p.m * p.n * p.k * p.times;
    const std::string shape = std::to_string(p.m) + " x " + std::to_string(p.n) + " x " + std::to_string(p.k) +
                              (p.a == kYes   ? ", A transposed"
                               : p.b == kYes ? ", B transposed"
                                             : "");
    report->Add({"product " + shape, Fixed(gflop / seconds[0], 0) + " GFLOP/s",
                 Fixed(gflop / seconds[1], 0) + " GFLOP/s (dnnl_sgemm)", Fixed(seconds[1] / seconds[0], 2),
                 Fixed(gflop / seconds[2], 0) + " GFLOP/s (B packed before)", Fixed(seconds[2] / seconds[0], 2)});
    report->Add({"product " + shape + ", bf16", Fixed(gflop / seconds[3], 0) + " GFLOP/s",
                 Fixed(gflop / seconds[0], 0) + " GFLOP/s (float32)", Fixed(seconds[0] / seconds[3], 2), "", ""});
  }
}

}  // namespace pumasi
