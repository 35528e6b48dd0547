// What an LSTM's kernels read and keep (ops/cuda/lstm.h); device memory.
#ifndef PUMASI_OPS_CUDA_LSTM_MEMORY_H_
#define PUMASI_OPS_CUDA_LSTM_MEMORY_H_

#include <cstdint>

#include "ops/cuda/step_walk.h"

namespace pumasi::cuda {

struct LstmMemory {
  int units = 0;
  int rows = 0;
  int steps = 0;
  bool return_sequences = false;
  StepArrays walk;
  const float* projected = nullptr;                 // the input products
  const uint32_t* projected_of_position = nullptr;  // null: row p for position p
  float* gates = nullptr;                           // [positions × 4·units]
  float* cells = nullptr;                           // [positions × units]
  float* hidden_before = nullptr;                   // [positions × units]
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_LSTM_MEMORY_H_
