// A fully connected layer in the chain (ops/dense.h).
#ifndef PUMASI_WORKER_MODEL_DENSE_LAYER_H_
#define PUMASI_WORKER_MODEL_DENSE_LAYER_H_

#include "ops/buffer.h"
#include "ops/dense.h"
#include "worker/model/layer.h"

namespace pumasi {

// Tables: kernel, bias.
class DenseLayer : public Layer {
 public:
  DenseLayer(int inputs, int units, Activation activation, Precision precision)
      : shape_{.inputs = inputs, .units = units, .precision = precision}, activation_(activation) {}

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

  int units() const { return shape_.units; }
  // What Forward returned. Of a linear layer it may be changed, and may then be Backward's out_gradient.
  float* output() { return output_.get(); }

 private:
  DenseShape shape_;  // `rows` is the current part's.
  const Activation activation_;
  Buffer<float> output_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_DENSE_LAYER_H_
