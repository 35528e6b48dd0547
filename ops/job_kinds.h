// The operators' own kinds behind the words of a job file.
#ifndef PUMASI_OPS_JOB_KINDS_H_
#define PUMASI_OPS_JOB_KINDS_H_

#include "ops/activation.h"
#include "ops/gate_activation.h"
#include "proto/layer.pb.h"

namespace pumasi {

// Keras' default for layer_normalization and batch_normalization.
inline constexpr double kNormalizationEpsilon = 0.001;

// softmax, which is part of the loss, is linear here.
inline Activation ActivationOf(v1::Activation activation) {
  switch (activation) {
    case v1::ACTIVATION_RELU:
      return Activation::kRelu;
    case v1::ACTIVATION_TANH:
      return Activation::kTanh;
    case v1::ACTIVATION_SIGMOID:
      return Activation::kSigmoid;
    default:
      return Activation::kLinear;
  }
}

inline GateActivation GateOf(v1::RecurrentActivation activation) {
  switch (activation) {
    case v1::RECURRENT_ACTIVATION_HARD_SIGMOID:
      return GateActivation::kHardSigmoid;
    case v1::RECURRENT_ACTIVATION_HARD_SIGMOID_KERAS2:
      return GateActivation::kHardSigmoidKeras2;
    default:
      return GateActivation::kSigmoid;
  }
}

}  // namespace pumasi

#endif  // PUMASI_OPS_JOB_KINDS_H_
