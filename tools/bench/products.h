// The matrix products of seed80m's step: ours, and oneDNN's dnnl_sgemm as the limit of what could be linked.
#ifndef PUMASI_TOOLS_BENCH_PRODUCTS_H_
#define PUMASI_TOOLS_BENCH_PRODUCTS_H_

#include <functional>

#include "ops/precision.h"
#include "tools/bench/measure.h"

namespace pumasi {

// An LSTM of `width` -> `units` over `rows` rows of `steps` tokens, of which `distinct` differ.
struct LstmShape {
  int rows, steps, distinct, width, units;
};

// All products of one training step after merging ids, weights packed beforehand: what no step can beat.
std::function<void()> BareProducts(Precision precision, const LstmShape& shape);
// The same in float32 with dnnl_sgemm, weights transposed beforehand.
std::function<void()> BareSgemm(const LstmShape& shape);

// A row for each shape of product, in GFLOP/s.
void BenchProducts(int repetitions, Report* report);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_PRODUCTS_H_
