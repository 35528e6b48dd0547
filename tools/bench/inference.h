// The LSTM forward only, as a server runs it.
#ifndef PUMASI_TOOLS_BENCH_INFERENCE_H_
#define PUMASI_TOOLS_BENCH_INFERENCE_H_

#include <cstdint>
#include <vector>

#include "tools/bench/measure.h"

namespace pumasi {

// Rows of equal length, one after another's tokens, each below `distinct`.
struct InferenceBatch {
  int rows = 0;
  std::vector<uint32_t> tokens;
  int distinct = 0;
};

// A row: vectors folded with kernel and bias against vectors as they are, rows a second.
void BenchInference(const InferenceBatch& batch, int width, int units, int repetitions, Report* report);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_INFERENCE_H_
