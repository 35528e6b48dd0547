// Layer normalisation in the chain (ops/layer_normalization.h).
#ifndef PUMASI_WORKER_MODEL_LAYER_NORMALIZATION_LAYER_H_
#define PUMASI_WORKER_MODEL_LAYER_NORMALIZATION_LAYER_H_

#include "ops/buffer.h"
#include "worker/model/layer.h"

namespace pumasi {

// Normalises each distinct vector once: tokens that share one keep sharing it. Tables: gamma, beta.
class LayerNormalizationLayer : public Layer {
 public:
  explicit LayerNormalizationLayer(float epsilon) : epsilon_(epsilon) {}

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

 private:
  const float epsilon_;
  Buffer<float> output_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_LAYER_NORMALIZATION_LAYER_H_
