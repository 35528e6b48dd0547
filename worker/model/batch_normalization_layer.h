// Batch normalisation in the chain (ops/batch_normalization.h).
#ifndef PUMASI_WORKER_MODEL_BATCH_NORMALIZATION_LAYER_H_
#define PUMASI_WORKER_MODEL_BATCH_NORMALIZATION_LAYER_H_

#include <cstdint>

#include "ops/batch_normalization.h"
#include "ops/buffer.h"
#include "worker/model/layer.h"

namespace pumasi {

// Columns over a part's tokens or rows in training; in inference with the moving tables. Tokens that share a vector
// keep sharing it, and each counts. Tables: gamma, beta, moving_mean, moving_variance. A part without vectors has no
// statistics: it counts the moving ones, which so stay where they are.
class BatchNormalizationLayer : public Layer {
 public:
  BatchNormalizationLayer(int width, float epsilon) : normalization_(width, epsilon) {}

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

 private:
  CountedVectors VectorsOf(const Signal& in) const {
    return {static_cast<size_t>(in.data.distinct), in.data.vectors, in.sequence ? times_.get() : nullptr};
  }

  BatchNormalization normalization_;
  float share_ = 1;
  Buffer<uint32_t> times_;  // how many tokens share each vector
  Buffer<float> output_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_BATCH_NORMALIZATION_LAYER_H_
