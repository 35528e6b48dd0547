// Global pooling in the chain (ops/pooling.h).
#ifndef PUMASI_WORKER_MODEL_POOLING_LAYER_H_
#define PUMASI_WORKER_MODEL_POOLING_LAYER_H_

#include <cstdint>

#include "ops/buffer.h"
#include "worker/model/layer.h"

namespace pumasi {

enum class Pooling { kMax, kAverage };

// No tables.
class PoolingLayer : public Layer {
 public:
  explicit PoolingLayer(Pooling pooling) : pooling_(pooling) {}

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

 private:
  const Pooling pooling_;
  Buffer<float> output_;
  Buffer<uint32_t> largest_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_POOLING_LAYER_H_
