// Dropout and SpatialDropout1D in the chain (ops/dropout.h).
#ifndef PUMASI_WORKER_MODEL_DROPOUT_LAYER_H_
#define PUMASI_WORKER_MODEL_DROPOUT_LAYER_H_

#include <cstdint>

#include "ops/buffer.h"
#include "worker/model/layer.h"
#include "worker/model/token_index.h"

namespace pumasi {

// In training tokens no longer share vectors behind it; otherwise the input passes unchanged. No tables.
class DropoutLayer : public Layer {
 public:
  // `whole_columns`: all tokens of a row lose the same columns. `number` is the layer's in the model, from which it
  // draws.
  DropoutLayer(double rate, bool whole_columns, uint32_t number)
      : rate_(rate), whole_columns_(whole_columns), number_(number) {}

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

 private:
  const double rate_;
  const bool whole_columns_;
  const uint32_t number_;
  Buffer<float> factors_;  // [tokens × width]
  Buffer<float> output_;   // [tokens × width]
  TokenIndex index_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_DROPOUT_LAYER_H_
