// Layers over a sequence in the chain on a device: convolution, pooling, attention, flatten.
#ifndef PUMASI_OPS_CUDA_MODEL_SEQUENCE_LAYERS_H_
#define PUMASI_OPS_CUDA_MODEL_SEQUENCE_LAYERS_H_

#include "ops/cuda/attention.h"
#include "ops/cuda/conv1d.h"
#include "ops/cuda/flatten.h"
#include "ops/cuda/model/layer.h"
#include "ops/cuda/model/layer_spec.h"
#include "ops/cuda/pooling.h"

namespace pumasi::cuda {

// Tables: kernel, bias.
class Conv1dLayer : public Layer {
 public:
  Conv1dLayer(const LayerSpec& spec, Precision precision)
      : filters_(spec.units),
        conv_({.width = spec.width,
               .filters = spec.units,
               .kernel_size = spec.kernel_size,
               .same = spec.same,
               .activation = spec.activation},
              precision) {}

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override {
    SequenceIndex* const output = conv_.Output(stream, *in.index);
    float* const out = output_.Reserve(stream, output->tokens() * filters_);
    conv_.Forward(stream, *in.index, in.vectors, tables[0], tables[1], out);
    return Signal::Sequence(output, filters_, out);
  }

  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override {
    conv_.Backward(stream, in.index, tables[0], output_.get(), out_gradient, gradients[0], gradients[1], in_gradient);
  }

 private:
  const int filters_;
  Conv1d conv_;
  DeviceBuffer<float> output_;
};

// No tables.
class PoolingLayer : public Layer {
 public:
  explicit PoolingLayer(const LayerSpec& spec) : max_(spec.kind == LayerSpec::Kind::kMaxPooling) {}

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override {
    const size_t count = static_cast<size_t>(in.rows) * in.width;
    float* const out = output_.Reserve(stream, count);
    if (max_) {
      GlobalMaxForward(stream, *in.index, in.width, in.vectors, out, largest_.Reserve(stream, count));
    } else {
      GlobalAverageForward(stream, *in.index, in.width, in.vectors, out);
    }
    return Signal::OneVectorARow(in.rows, in.width, out);
  }

  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override {
    if (max_) {
      GlobalMaxBackward(stream, in.index, in.width, out_gradient, largest_.get(), &by_token_, in_gradient);
    } else {
      GlobalAverageBackward(stream, in.index, in.width, out_gradient, &by_token_, in_gradient);
    }
  }

 private:
  const bool max_;
  DeviceBuffer<float> output_, by_token_;
  DeviceBuffer<uint32_t> largest_;
};

// Tables: kernel, bias, vector.
class AttentionLayer : public Layer {
 public:
  AttentionLayer(const LayerSpec& spec, Precision precision) : attention_(spec.width, spec.units, precision) {}

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override {
    float* const out = output_.Reserve(stream, static_cast<size_t>(in.rows) * in.width);
    attention_.Forward(stream, *in.index, in.vectors, {tables[0], tables[1], tables[2]}, out);
    return Signal::OneVectorARow(in.rows, in.width, out);
  }

  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override {
    attention_.Backward(stream, in.index, in.vectors, {tables[0], tables[1], tables[2]}, out_gradient,
                        {gradients[0], gradients[1], gradients[2]}, in_gradient);
  }

 private:
  Attention attention_;
  DeviceBuffer<float> output_;
};

// No tables. One vector a row passes unchanged.
class FlattenLayer : public Layer {
 public:
  explicit FlattenLayer(const LayerSpec& spec) : steps_(spec.steps) {}

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override {
    if (in.index == nullptr) return in;
    const int width = steps_ * in.width;
    float* const out = output_.Reserve(stream, static_cast<size_t>(in.rows) * width);
    FlattenForward(stream, *in.index, in.width, steps_, in.vectors, out);
    return Signal::OneVectorARow(in.rows, width, out);
  }

  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override {
    if (in.index == nullptr) return stream->Copy(out_gradient, in.count() * sizeof(float), in_gradient);
    FlattenBackward(stream, in.index, in.width, steps_, out_gradient, &by_token_, in_gradient);
  }

 private:
  const int steps_;
  DeviceBuffer<float> output_, by_token_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_SEQUENCE_LAYERS_H_
