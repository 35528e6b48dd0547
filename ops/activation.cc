#include "ops/activation.h"

#include "ops/math.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_INLINE float Relu(float x) { return x < 0.0f ? 0.0f : x; }

PUMASI_VECTOR_CLONES void AddBias(size_t width, const float* __restrict bias, float* __restrict row) {
  for (size_t i = 0; i < width; ++i) row[i] += bias[i];
}

PUMASI_VECTOR_CLONES void ReluRow(size_t width, const float* __restrict bias, float* __restrict row) {
  for (size_t i = 0; i < width; ++i) row[i] = Relu(row[i] + bias[i]);
}

PUMASI_VECTOR_CLONES void TanhRow(size_t width, const float* __restrict bias, float* __restrict row) {
  for (size_t i = 0; i < width; ++i) row[i] = Tanh(row[i] + bias[i]);
}

PUMASI_VECTOR_CLONES void SigmoidRow(size_t width, const float* __restrict bias, float* __restrict row) {
  for (size_t i = 0; i < width; ++i) row[i] = Sigmoid(row[i] + bias[i]);
}

PUMASI_VECTOR_CLONES void ReluGradient(size_t count, const float* __restrict y, float* __restrict gradient) {
  for (size_t i = 0; i < count; ++i) gradient[i] = y[i] > 0.0f ? gradient[i] : 0.0f;
}

PUMASI_VECTOR_CLONES void TanhGradient(size_t count, const float* __restrict y, float* __restrict gradient) {
  for (size_t i = 0; i < count; ++i) gradient[i] *= 1.0f - y[i] * y[i];
}

PUMASI_VECTOR_CLONES void SigmoidGradient(size_t count, const float* __restrict y, float* __restrict gradient) {
  for (size_t i = 0; i < count; ++i) gradient[i] *= y[i] * (1.0f - y[i]);
}

}  // namespace

void AddBiasAndActivate(Activation activation, size_t rows, size_t width, const float* bias, float* values) {
  for (size_t row = 0; row < rows; ++row) {
    float* const out = values + row * width;
    switch (activation) {
      case Activation::kLinear:
        AddBias(width, bias, out);
        break;
      case Activation::kRelu:
        ReluRow(width, bias, out);
        break;
      case Activation::kTanh:
        TanhRow(width, bias, out);
        break;
      case Activation::kSigmoid:
        SigmoidRow(width, bias, out);
        break;
    }
  }
}

void ActivationGradient(Activation activation, size_t count, const float* y, float* gradient) {
  switch (activation) {
    case Activation::kLinear:
      break;
    case Activation::kRelu:
      ReluGradient(count, y, gradient);
      break;
    case Activation::kTanh:
      TanhGradient(count, y, gradient);
      break;
    case Activation::kSigmoid:
      SigmoidGradient(count, y, gradient);
      break;
  }
}

}  // namespace pumasi
