// An LSTM's steps as one kernel that keeps the recurrent weights on the chip (performance: a step costs no launch and
// reads no weights).
#ifndef PUMASI_OPS_CUDA_PERSISTENT_LSTM_H_
#define PUMASI_OPS_CUDA_PERSISTENT_LSTM_H_

#include "ops/cuda/buffer.h"
#include "ops/cuda/lstm_memory.h"
#include "ops/cuda/stream.h"
#include "ops/gate_activation.h"

namespace pumasi::cuda {

// Rows are walked 16 at a time, each 16 by a cluster of blocks that share the units among them. The weights and the
// state that they multiply are bfloat16, all else float32. Not thread-safe.
class PersistentLstm {
 public:
  // Whether there is a kernel for the size: 64, 128 and 256 units, sigmoid gates.
  static bool Takes(int units, GateActivation gate);

  // Forward's steps: fills gates, cells and hidden_before, writes `out`. recurrent[units × 4·units], bias[4·units].
  void Forward(Stream* stream, const LstmMemory& memory, const float* recurrent, const float* bias, float* out);

  // Backward's: gates become gate gradients.
  void Backward(Stream* stream, const LstmMemory& memory, const float* recurrent, const float* out_gradient);

 private:
  DeviceBuffer<uint32_t> packed_;  // pairs of weights, in the order in which threads keep them
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_PERSISTENT_LSTM_H_
