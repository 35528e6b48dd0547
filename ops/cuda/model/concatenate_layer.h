// Chains of layers over the same input, side by side, on a device.
#ifndef PUMASI_OPS_CUDA_MODEL_CONCATENATE_LAYER_H_
#define PUMASI_OPS_CUDA_MODEL_CONCATENATE_LAYER_H_

#include <memory>
#include <vector>

#include "ops/cuda/buffer.h"
#include "ops/cuda/model/chain.h"
#include "ops/cuda/model/layer.h"
#include "ops/cuda/model/layer_spec.h"

namespace pumasi::cuda {

// Tables: those of the branches, one branch's after another's. Tokens no longer share vectors behind it.
class ConcatenateLayer : public Layer {
 public:
  ConcatenateLayer(const LayerSpec& spec, Precision precision);

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override;

 private:
  struct Branch {
    std::unique_ptr<Chain> chain;
    size_t first_table = 0;
    Signal out;
  };

  std::vector<Branch> branches_;
  int width_ = 0;  // of the output
  DeviceBuffer<float> output_;
  DeviceBuffer<float> by_token_;   // a branch's tokens one by one
  DeviceBuffer<float> by_branch_;  // by a branch's output
  DeviceBuffer<float> in_part_;    // by the input, through one branch
  SequenceIndex index_;            // of the output
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_CONCATENATE_LAYER_H_
