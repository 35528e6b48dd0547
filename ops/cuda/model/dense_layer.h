// A fully connected layer in the chain on a device.
#ifndef PUMASI_OPS_CUDA_MODEL_DENSE_LAYER_H_
#define PUMASI_OPS_CUDA_MODEL_DENSE_LAYER_H_

#include "ops/cuda/dense.h"
#include "ops/cuda/model/layer.h"
#include "ops/cuda/model/layer_spec.h"

namespace pumasi::cuda {

// Tables: kernel, bias.
class DenseLayer : public Layer {
 public:
  DenseLayer(const LayerSpec& spec, Precision precision)
      : shape_{.inputs = spec.width, .units = spec.units}, activation_(spec.activation), precision_(precision) {}

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override {
    shape_.rows = in.rows;
    float* const out = output_.Reserve(stream, static_cast<size_t>(in.rows) * shape_.units);
    DenseForward(stream, precision_, shape_, activation_, in.vectors, tables[0], tables[1], out);
    return Signal::OneVectorARow(in.rows, shape_.units, out);
  }

  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override {
    DenseBackward(stream, precision_, shape_, activation_, in.vectors, tables[0], output_.get(), out_gradient,
                  gradients[0], gradients[1], in_gradient, &partial_);
  }

 private:
  DenseShape shape_;  // `rows` is the current part's.
  const Activation activation_;
  const Precision precision_;
  DeviceBuffer<float> output_, partial_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_DENSE_LAYER_H_
