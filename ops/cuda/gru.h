// A GRU layer on a device: the twin of ops/gru.h.
#ifndef PUMASI_OPS_CUDA_GRU_H_
#define PUMASI_OPS_CUDA_GRU_H_

#include "ops/cuda/buffer.h"
#include "ops/cuda/input_product.h"
#include "ops/cuda/product.h"
#include "ops/cuda/recurrent.h"
#include "ops/cuda/step_walk.h"

namespace pumasi::cuda {

// What a GRU's kernels read and keep; device memory. Names and shapes are those of ops/gru.h.
struct GruMemory {
  int units = 0;
  bool return_sequences = false;
  StepArrays walk;
  const float* projected = nullptr;                 // the input products
  const uint32_t* projected_of_position = nullptr;  // null: row p for position p
  float* gates = nullptr;
  float* extra = nullptr;
  float* recurrent = nullptr;
  float* hidden_before = nullptr;
  float* seen = nullptr;  // hidden_before, or times the state mask
};

class Gru : public Recurrent {
 public:
  Gru(int width, int units, bool reset_after, Precision precision, const RecurrentOptions& options = {})
      : units_(units),
        reset_after_(reset_after),
        precision_(precision),
        options_(options),
        product_(width, 3 * units, precision) {}

  void Forward(Stream* stream, const SequenceIndex& index, const float* vectors, const RecurrentWeights& weights,
               float* out, const RecurrentMasks& masks = {}) override;
  void Backward(Stream* stream, const SequenceIndex& index, const float* vectors, const RecurrentWeights& weights,
                const float* out_gradient, const RecurrentGradients& gradients,
                const RecurrentMasks& masks = {}) override;

 private:
  GruMemory Memory(const RecurrentMasks& masks) const;
  std::vector<uint64_t> Key(uint64_t kind, const RecurrentMasks& masks,
                            std::initializer_list<const void*> pointers) const;
  void StepForward(Stream* stream, int t, const RecurrentWeights& weights, float* out, const RecurrentMasks& masks);
  void StepBack(Stream* stream, int t, const RecurrentWeights& weights, const float* out_gradient,
                const RecurrentMasks& masks);

  const uint64_t id_ = NextLayerId();
  const int units_;
  const bool reset_after_;
  const Precision precision_;
  const RecurrentOptions options_;
  StepWalk walk_;
  InputProduct product_;

  DeviceBuffer<float> gates_, extra_, recurrent_, hidden_before_, masked_before_;
  DeviceBuffer<float> hidden_gradient_;  // [rows × units] by rank, past the products
  DeviceBuffer<float> seen_gradient_;    // [rows × units] by rank, through the products
  DeviceBuffer<float> reset_gradient_;   // [rows × units] by rank, reset before
  DeviceBuffer<float> partial_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_GRU_H_
