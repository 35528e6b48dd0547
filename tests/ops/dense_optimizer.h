// Every optimizer as its formula reads, every parameter in every step: what the lazy ones are held against.
#ifndef PUMASI_TESTS_OPS_DENSE_OPTIMIZER_H_
#define PUMASI_TESTS_OPS_DENSE_OPTIMIZER_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "proto/job.pb.h"

namespace pumasi {

// As the comments of v1::Schedule say.
inline double DenseFactor(const v1::Schedule& schedule, uint64_t step) {
  if (step <= schedule.warmup()) return double(step) / double(schedule.warmup());
  const double t = double(step - 1 - schedule.warmup());
  if (schedule.has_step()) return std::pow(schedule.step().factor(), std::floor(t / schedule.step().every()));
  if (schedule.has_exponential()) return std::pow(schedule.exponential().factor(), t / schedule.exponential().every());
  if (!schedule.has_cosine()) return 1;
  const double floor = schedule.cosine().floor(), end = schedule.cosine().batches();
  return floor + (1 - floor) * (1 + std::cos(M_PI * std::min(t, end) / end)) / 2;
}

template <typename T>
struct DenseOptimizer {
  v1::Optimizer proto;
  std::vector<T> value, first, second, third;  // the slots in the order of the formulas

  DenseOptimizer(const v1::Optimizer& proto, const std::vector<float>& initial)
      : proto(proto),
        value(initial.begin(), initial.end()),
        first(initial.size(), T(proto.has_adagrad() ? proto.adagrad().initial_accumulator()
                                : proto.has_ftrl()  ? proto.ftrl().initial_accumulator()
                                                    : 0)),
        second(initial.size()),
        third(initial.size()) {}

  // touched: whether the batch touches parameter i; what it does not touch has no gradient.
  void Step(uint64_t step, const std::vector<float>& gradient, const std::vector<bool>& touched) {
    const double factor = DenseFactor(proto.schedule(), step);
    for (size_t i = 0; i < value.size(); ++i) {
      T g = gradient[i];
      if (touched[i]) {
        if (proto.has_clip()) g = std::min(std::max(g, T(-proto.clip().value())), T(proto.clip().value()));
        g += T(proto.l2()) * value[i];
      }
      switch (proto.kind_case()) {
        case v1::Optimizer::kAdam:
          Adam(step, factor, i, g, proto.adam(), 0, proto.adam().amsgrad());
          break;
        case v1::Optimizer::kLazyAdam:
          if (touched[i]) Adam(step, factor, i, g, proto.lazy_adam(), 0, proto.lazy_adam().amsgrad());
          break;
        case v1::Optimizer::kAdamw:
          Adam(step, factor, i, g, proto.adamw(), proto.adamw().weight_decay(), false);
          break;
        case v1::Optimizer::kSgd: {
          const T momentum = T(proto.sgd().momentum()), push = T(proto.sgd().learning_rate() * factor) * g;
          first[i] = momentum * first[i] - push;
          value[i] += proto.sgd().nesterov() ? momentum * first[i] - push : first[i];
          break;
        }
        case v1::Optimizer::kAdagrad:
          first[i] += g * g;
          value[i] -=
              T(proto.adagrad().learning_rate() * factor) * g / std::sqrt(first[i] + T(proto.adagrad().epsilon()));
          break;
        case v1::Optimizer::kAdadelta: {
          const T rho = T(proto.adadelta().rho()), epsilon = T(proto.adadelta().epsilon());
          first[i] = rho * first[i] + (1 - rho) * g * g;
          const T d = g * std::sqrt(second[i] + epsilon) / std::sqrt(first[i] + epsilon);
          second[i] = rho * second[i] + (1 - rho) * d * d;
          value[i] -= T(proto.adadelta().learning_rate() * factor) * d;
          break;
        }
        case v1::Optimizer::kRmsprop: {
          const T rho = T(proto.rmsprop().rho()), momentum = T(proto.rmsprop().momentum());
          first[i] = rho * first[i] + (1 - rho) * g * g;
          const T d =
              T(proto.rmsprop().learning_rate() * factor) * g / std::sqrt(first[i] + T(proto.rmsprop().epsilon()));
          second[i] = momentum * second[i] + d;
          value[i] -= second[i];
          break;
        }
        case v1::Optimizer::kFtrl:
          if (touched[i]) Ftrl(factor, i, g);
          break;
        default:
          break;
      }
    }
  }

  template <typename Settings>
  void Adam(uint64_t step, double factor, size_t i, T g, const Settings& s, double weight_decay, bool amsgrad) {
    const double rate = s.learning_rate() * factor;
    const double c = std::sqrt(1 - std::pow(s.beta_2(), step));
    const T beta_1 = T(s.beta_1()), beta_2 = T(s.beta_2());
    value[i] -= T(rate * weight_decay) * value[i];
    first[i] = beta_1 * first[i] + (1 - beta_1) * g;
    second[i] = beta_2 * second[i] + (1 - beta_2) * g * g;
    third[i] = amsgrad ? std::max(third[i], second[i]) : second[i];
    const T step_size = T(rate * c / (1 - std::pow(s.beta_1(), step)));
    const T epsilon = T(s.epsilon_mode() == v1::EPSILON_MODE_TORCH ? s.epsilon() * c : s.epsilon());
    value[i] -= step_size * first[i] / (std::sqrt(third[i]) + epsilon);
  }

  void Ftrl(double factor, size_t i, T g) {
    const v1::Ftrl& s = proto.ftrl();
    const T rate = T(s.learning_rate() * factor), p = T(-s.learning_rate_power()), l1 = T(s.l1());
    const T next = first[i] + g * g;
    second[i] += g - (std::pow(next, p) - std::pow(first[i], p)) / rate * value[i];
    const T clipped = std::min(std::max(second[i], -l1), l1);
    value[i] = (clipped - second[i]) / (std::pow(next, p) / rate + 2 * (T(s.l2()) + T(s.beta()) / (2 * rate)));
    first[i] = next;
  }
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_OPS_DENSE_OPTIMIZER_H_
