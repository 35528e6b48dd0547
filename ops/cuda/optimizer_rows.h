// Optimizers' updates of rows that live on a device: the twin of ops/optimizer.h's CatchUp and Apply.
#ifndef PUMASI_OPS_CUDA_OPTIMIZER_ROWS_H_
#define PUMASI_OPS_CUDA_OPTIMIZER_ROWS_H_

#include <cstdint>

#include "ops/cuda/row_rule.h"
#include "ops/cuda/stream.h"

namespace pumasi::cuda {

// Which rows a step touches, and what they missed; device arrays.
struct TouchedRows {
  size_t count = 0;
  const uint32_t* row = nullptr;       // row[count], each row once; null: rows 0 to count − 1
  const uint32_t* catch_up = nullptr;  // catch_up[count] of `catch_ups`; null: nothing was missed
  const RowCatchUp* catch_ups = nullptr;
  const RowTerm* terms = nullptr;
};

// states[rows × (1 + slots)·width]: of a row its values, then slot 0 of all values, then slot 1. First catches up, then
// applies gradients[count × width], one pass over each row.
void UpdateRows(Stream* stream, const RowRule& rule, int width, const TouchedRows& touched, const float* gradients,
                float* states);

// out[count × width] = the rows' values once they have caught up; states stay as they are.
void PeekRows(Stream* stream, const RowRule& rule, int width, const TouchedRows& touched, const float* states,
              float* out);

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_OPTIMIZER_ROWS_H_
