// A convolution in the chain (ops/conv1d.h).
#ifndef PUMASI_WORKER_MODEL_CONV1D_LAYER_H_
#define PUMASI_WORKER_MODEL_CONV1D_LAYER_H_

#include "ops/buffer.h"
#include "ops/conv1d.h"
#include "worker/model/layer.h"
#include "worker/model/token_index.h"

namespace pumasi {

// Tables: kernel, bias.
class Conv1dLayer : public Layer {
 public:
  explicit Conv1dLayer(const Conv1dOptions& options) : filters_(options.filters), conv_(options) {}

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

 private:
  const int filters_;
  Conv1d conv_;
  Buffer<float> output_;
  TokenIndex index_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_CONV1D_LAYER_H_
