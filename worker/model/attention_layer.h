// Additive attention in the chain (ops/attention.h).
#ifndef PUMASI_WORKER_MODEL_ATTENTION_LAYER_H_
#define PUMASI_WORKER_MODEL_ATTENTION_LAYER_H_

#include "ops/attention.h"
#include "ops/buffer.h"
#include "worker/model/layer.h"

namespace pumasi {

// Tables: kernel, bias, vector.
class AttentionLayer : public Layer {
 public:
  AttentionLayer(int width, int units, Precision precision) : attention_(width, units, precision) {}

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

 private:
  Attention attention_;
  Buffer<float> output_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_ATTENTION_LAYER_H_
