// An LSTM layer on a device: the twin of ops/lstm.h.
#ifndef PUMASI_OPS_CUDA_LSTM_H_
#define PUMASI_OPS_CUDA_LSTM_H_

#include "ops/cuda/buffer.h"
#include "ops/cuda/input_product.h"
#include "ops/cuda/persistent_lstm.h"
#include "ops/cuda/product.h"
#include "ops/cuda/recurrent.h"
#include "ops/cuda/step_walk.h"

namespace pumasi::cuda {

// Two ways through the steps, to the same contract: a product and a fused kernel a step, all steps replayed as one
// graph once a shape has come back; or, where PersistentLstm::Takes says so, one kernel for all steps that keeps the
// recurrent weights on the chip.
class Lstm : public Recurrent {
 public:
  Lstm(int width, int units, Precision precision, const RecurrentOptions& options = {})
      : units_(units), precision_(precision), options_(options), product_(width, 4 * units, precision) {}

  void Forward(Stream* stream, const SequenceIndex& index, const float* vectors, const RecurrentWeights& weights,
               float* out, const RecurrentMasks& masks = {}) override;
  void Backward(Stream* stream, const SequenceIndex& index, const float* vectors, const RecurrentWeights& weights,
                const float* out_gradient, const RecurrentGradients& gradients,
                const RecurrentMasks& masks = {}) override;

 private:
  bool Persists(const RecurrentMasks& masks) const;
  LstmMemory Memory() const;
  std::vector<uint64_t> Key(uint64_t kind, std::initializer_list<const void*> pointers) const;
  void StepForward(Stream* stream, int t, const RecurrentWeights& weights, float* out, const RecurrentMasks& masks);
  void StepBack(Stream* stream, int t, const RecurrentWeights& weights, const float* out_gradient,
                const RecurrentMasks& masks);

  const uint64_t id_ = NextLayerId();
  const int units_;
  const Precision precision_;
  const RecurrentOptions options_;
  StepWalk walk_;
  InputProduct product_;
  PersistentLstm persistent_;

  DeviceBuffer<float> gates_;            // [positions × 4·units]; in Backward the gate gradients
  DeviceBuffer<float> cells_;            // [positions × units], after the step
  DeviceBuffer<float> hidden_before_;    // [positions × units], h (masked) before the step; step 0's are not written
  DeviceBuffer<float> hidden_gradient_;  // [rows × units] by rank
  DeviceBuffer<float> cell_gradient_;    // [rows × units] by rank
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_LSTM_H_
