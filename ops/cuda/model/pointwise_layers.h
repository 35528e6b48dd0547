// Layers that change vectors one by one in the chain on a device: dropout and normalisation.
#ifndef PUMASI_OPS_CUDA_MODEL_POINTWISE_LAYERS_H_
#define PUMASI_OPS_CUDA_MODEL_POINTWISE_LAYERS_H_

#include <vector>

#include "ops/cuda/batch_normalization.h"
#include "ops/cuda/dropout.h"
#include "ops/cuda/elementwise.h"
#include "ops/cuda/layer_normalization.h"
#include "ops/cuda/model/layer.h"
#include "ops/cuda/model/layer_spec.h"
#include "ops/cuda/upload.h"

namespace pumasi::cuda {

// In training tokens no longer share vectors behind it; otherwise the input passes unchanged. No tables.
class DropoutLayer : public Layer {
 public:
  explicit DropoutLayer(const LayerSpec& spec)
      : rate_(spec.rate), whole_columns_(spec.whole_columns), number_(spec.number) {}

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override {
    if (training == nullptr || rate_ == 0) return in;
    draws_ = DropoutStream(training->dropout, number_);
    float* const out = output_.Reserve(stream, in.tokens() * in.width);
    DropoutForward(stream, draws_, rate_, whole_columns_, in.index, in.rows, in.width, in.vectors, out);
    if (in.index == nullptr) return Signal::OneVectorARow(in.rows, in.width, out);
    index_.BuildOwnVectors(stream, in.rows, in.index->host_offsets().data());
    return Signal::Sequence(&index_, in.width, out);
  }

  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override {
    if (rate_ == 0) return stream->Copy(out_gradient, in.count() * sizeof(float), in_gradient);
    DropoutBackward(stream, draws_, rate_, whole_columns_, in.index, in.rows, in.width, out_gradient);
    if (in.index == nullptr) return stream->Copy(out_gradient, in.count() * sizeof(float), in_gradient);
    in.index->MergeTokens(stream, in.width, out_gradient, in_gradient);
  }

 private:
  const double rate_;
  const bool whole_columns_;
  const uint32_t number_;
  uint64_t draws_ = 0;
  DeviceBuffer<float> output_;
  SequenceIndex index_;  // of the output
};

// Tokens that share a vector keep sharing it. Tables: gamma, beta.
class LayerNormalizationLayer : public Layer {
 public:
  explicit LayerNormalizationLayer(const LayerSpec& spec) : epsilon_(spec.epsilon) {}

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override {
    Signal signal = in;
    signal.vectors = output_.Reserve(stream, in.count());
    LayerNormalizationForward(stream, in.distinct, in.width, epsilon_, in.vectors, tables[0], tables[1], output_.get());
    return signal;
  }

  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override {
    LayerNormalizationBackward(stream, in.distinct, in.width, epsilon_, in.vectors, tables[0], out_gradient, &scaled_,
                               &partial_, gradients[0], gradients[1], in_gradient);
  }

 private:
  const float epsilon_;
  DeviceBuffer<float> output_, scaled_, partial_;
};

// Tokens that share a vector keep sharing it, and each counts. Tables: gamma, beta, moving_mean, moving_variance, whose
// "gradients" are the part's statistics times its share of the batch; a part without vectors counts the moving ones.
class BatchNormalizationLayer : public Layer {
 public:
  explicit BatchNormalizationLayer(const LayerSpec& spec) : normalization_(spec.width, spec.epsilon) {}

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override {
    Signal signal = in;
    float* const out = output_.Reserve(stream, in.count());
    signal.vectors = out;
    if (training == nullptr) {
      normalization_.Infer(stream, in.distinct, in.vectors, tables[0], tables[1], tables[2], tables[3], out);
      return signal;
    }
    share_ = static_cast<float>(training->share);
    vectors_ = {.count = static_cast<size_t>(in.distinct), .vectors = in.vectors};
    if (in.index != nullptr) {
      std::vector<uint32_t> times(in.distinct);
      for (const uint32_t vector : in.index->host_tokens()) ++times[vector];
      upload_.Start();
      upload_.Add(times);
      vectors_.times = upload_.Send(stream);
    }
    vectors_.total = static_cast<double>(in.tokens());
    normalization_.Forward(stream, vectors_, tables[0], tables[1], out);
    return signal;
  }

  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override {
    normalization_.Backward(stream, vectors_, tables[0], out_gradient, gradients[0], gradients[1], in_gradient);
    const bool own = vectors_.total > 0;
    Scale(stream, in.width, share_, own ? normalization_.mean() : tables[2], gradients[2]);
    Scale(stream, in.width, share_, own ? normalization_.variance() : tables[3], gradients[3]);
  }

 private:
  BatchNormalization normalization_;
  float share_ = 1;
  CountedVectors vectors_;
  Upload upload_;
  DeviceBuffer<float> output_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_POINTWISE_LAYERS_H_
