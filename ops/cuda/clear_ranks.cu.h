// Zero states of rows without tokens.
#ifndef PUMASI_OPS_CUDA_CLEAR_RANKS_CU_H_
#define PUMASI_OPS_CUDA_CLEAR_RANKS_CU_H_

#include <cstddef>
#include <cstdint>

#include "ops/cuda/device_code.h"

namespace pumasi::cuda {

// out[row × units] of the rows at ranks first, first + 1, …; run over (rows, units).
struct ClearRanks {
  int units;
  const uint32_t* row_of_rank;
  size_t first;
  float* out;

  __device__ void operator()(size_t i, int u) const {
    out[static_cast<size_t>(row_of_rank[first + i]) * units + u] = 0;
  }
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_CLEAR_RANKS_CU_H_
