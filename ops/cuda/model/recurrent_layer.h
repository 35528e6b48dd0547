// An LSTM or GRU in the chain on a device, in one direction or both.
#ifndef PUMASI_OPS_CUDA_MODEL_RECURRENT_LAYER_H_
#define PUMASI_OPS_CUDA_MODEL_RECURRENT_LAYER_H_

#include <memory>

#include "ops/cuda/buffer.h"
#include "ops/cuda/model/layer.h"
#include "ops/cuda/model/layer_spec.h"
#include "ops/cuda/recurrent.h"

namespace pumasi::cuda {

// Tables: kernel, recurrent_kernel, bias; in both directions first the forward one's, then the backward one's.
class RecurrentLayer : public Layer {
 public:
  RecurrentLayer(const LayerSpec& spec, Precision precision);

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override;

 private:
  struct Direction {
    std::unique_ptr<Recurrent> walk;  // null: this direction is not there
    DeviceBuffer<float> input_factors, state_factors;
    RecurrentMasks masks;
    DeviceBuffer<float> output;  // [vectors × units]; in Backward the gradient by it. Only with both directions.
  };

  bool both() const { return backward_.walk != nullptr; }
  void DrawMasks(Stream* stream, int rows, const Training* training, DropoutUse input, DropoutUse state,
                 Direction* direction);
  // Puts the directions' outputs together, and takes a gradient apart.
  void JoinOutputs(Stream* stream, size_t vectors, float* out) const;
  void PartGradient(Stream* stream, size_t vectors, const float* out_gradient);

  const LayerSpec spec_;
  Direction forward_, backward_;
  DeviceBuffer<float> output_;
  DeviceBuffer<float> second_gradient_;  // by the input, through the backward direction
  SequenceIndex index_;                  // of the output
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_RECURRENT_LAYER_H_
