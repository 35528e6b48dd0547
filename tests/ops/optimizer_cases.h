// Optimizers with all their options, by the names of the job's keys.
#ifndef PUMASI_TESTS_OPS_OPTIMIZER_CASES_H_
#define PUMASI_TESTS_OPS_OPTIMIZER_CASES_H_

#include <google/protobuf/text_format.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "proto/job.pb.h"

namespace pumasi {

inline v1::Optimizer ParseOptimizer(const std::string& text) {
  v1::Optimizer proto;
  if (!google::protobuf::TextFormat::ParseFromString(text, &proto)) throw std::runtime_error("not a proto: " + text);
  return proto;
}

inline std::vector<std::string> OptimizerCases() {
  const std::string moments = "beta_1: 0.9 beta_2: 0.999 epsilon: 1e-8 ";
  const std::string adam = "learning_rate: 0.001 " + moments, adamw = adam + "weight_decay: 0.004 ";
  const std::string torch = "epsilon_mode: EPSILON_MODE_TORCH ";
  const std::string ftrl = "ftrl { learning_rate: 0.05 initial_accumulator: 0.1 ";
  const std::string step = "schedule { step { every: 100 factor: 0.7 } }";
  const std::string exponential = "schedule { warmup: 300 exponential { every: 500 factor: 0.5 } }";
  const std::string cosine = "schedule { warmup: 50 cosine { batches: 1500 floor: 0.1 } }";
  return {
      "adam { " + adam + " }",
      "adam { " + adam + torch + " }",
      "adam { " + adam + " amsgrad: true }",
      "adam { " + adam + torch + " amsgrad: true }",
      "adam { " + adam + " } " + step,
      "adam { " + adam + torch + " } " + exponential,
      "adam { " + adam + " amsgrad: true } " + cosine,
      "adam { learning_rate: 0.001 beta_1: 0.95 beta_2: 0.98 epsilon: 1e-8 } " + exponential,
      "adam { " + adam + " } clip { value: 0.01 } l2: 0.001",
      "adamw { " + adamw + " }",
      "adamw { " + adamw + torch + " } " + cosine,
      "adamw { learning_rate: 0.01 " + moments + " weight_decay: 0.3 } " + exponential,
      "lazy_adam { " + adam + " }",
      "lazy_adam { " + adam + torch + " amsgrad: true } " + step,
      "sgd { learning_rate: 0.1 }",
      "sgd { learning_rate: 0.1 } " + cosine,
      "sgd { learning_rate: 0.1 momentum: 0.9 }",
      "sgd { learning_rate: 0.01 momentum: 0.999 nesterov: true } " + step,
      "sgd { learning_rate: 0.1 momentum: 0.5 nesterov: true } l2: 0.01 clip { value: 0.5 }",
      "adagrad { learning_rate: 0.1 initial_accumulator: 0.1 epsilon: 1e-7 }",
      "adagrad { learning_rate: 0.1 initial_accumulator: 0 epsilon: 1e-7 } " + exponential,
      "adadelta { learning_rate: 1 rho: 0.95 epsilon: 1e-7 }",
      "adadelta { learning_rate: 1 rho: 0.95 epsilon: 1e-7 } " + cosine,
      "rmsprop { learning_rate: 0.001 rho: 0.9 epsilon: 1e-7 }",
      "rmsprop { learning_rate: 0.001 rho: 0.99 momentum: 0.9 epsilon: 1e-7 } " + step,
      ftrl + "learning_rate_power: -0.5 l1: 0 l2: 0 beta: 0 }",
      ftrl + "learning_rate_power: -0.5 l1: 0.001 l2: 0.01 beta: 1 } " + step,
      ftrl + "learning_rate_power: -0.3 l1: 0.0001 l2: 0 beta: 0 }",
  };
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_OPS_OPTIMIZER_CASES_H_
