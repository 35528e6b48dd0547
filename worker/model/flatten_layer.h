// A sequence as one vector a row in the chain (ops/flatten.h).
#ifndef PUMASI_WORKER_MODEL_FLATTEN_LAYER_H_
#define PUMASI_WORKER_MODEL_FLATTEN_LAYER_H_

#include <cstdint>

#include "ops/buffer.h"
#include "worker/model/layer.h"

namespace pumasi {

// One vector a row passes unchanged. No tables.
class FlattenLayer : public Layer {
 public:
  explicit FlattenLayer(uint32_t steps) : steps_(steps) {}

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

 private:
  const uint32_t steps_;
  Buffer<float> output_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_FLATTEN_LAYER_H_
