// The walk of a recurrent layer over a part's rows (ops/sequences.h, StepOrder), on a device.
#ifndef PUMASI_OPS_CUDA_STEP_WALK_H_
#define PUMASI_OPS_CUDA_STEP_WALK_H_

#include <cstdint>

#include "ops/cuda/sequence_index.h"
#include "ops/cuda/stream.h"
#include "ops/cuda/upload.h"
#include "ops/recurrent.h"
#include "ops/sequences.h"

namespace pumasi::cuda {

// What kernels need to know of a position; device arrays.
struct StepArrays {
  const uint32_t* vector_of_position = nullptr;
  const uint32_t* place_of_position = nullptr;  // of the state after it, as an index of output vectors
  const uint32_t* row_of_position = nullptr;
  const uint32_t* row_of_rank = nullptr;
  const uint32_t* start = nullptr;   // [steps + 2], the last two being positions()
  const uint32_t* active = nullptr;  // [steps + 1], the last one 0
};

class StepWalk {
 public:
  void Build(Stream* stream, const SequenceIndex& index, const RecurrentOptions& options);

  const StepOrder& order() const { return order_; }
  const StepArrays& device() const { return device_; }

 private:
  StepOrder order_;
  Upload upload_;
  StepArrays device_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_STEP_WALK_H_
