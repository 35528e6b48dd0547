// Adam as its formula reads, every parameter in every step: what ops/adam.h is held against.
#ifndef PUMASI_TESTS_OPS_DENSE_ADAM_H_
#define PUMASI_TESTS_OPS_DENSE_ADAM_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ops/adam_sums.h"

namespace pumasi {

template <typename T>
struct DenseAdam {
  AdamSettings settings;
  std::vector<T> value, m, v;

  DenseAdam(const AdamSettings& settings, const std::vector<float>& initial)
      : settings(settings), value(initial.begin(), initial.end()), m(initial.size()), v(initial.size()) {}

  void Step(uint64_t step, const std::vector<float>& gradient) {
    const T beta_1 = static_cast<T>(settings.beta_1), beta_2 = static_cast<T>(settings.beta_2);
    const T rate = static_cast<T>(settings.learning_rate * std::sqrt(1 - std::pow(settings.beta_2, step)) /
                                  (1 - std::pow(settings.beta_1, step)));
    for (size_t i = 0; i < value.size(); ++i) {
      const T g = gradient[i];
      m[i] = beta_1 * m[i] + (1 - beta_1) * g;
      v[i] = beta_2 * v[i] + (1 - beta_2) * g * g;
      value[i] -= rate * m[i] / (std::sqrt(v[i]) + static_cast<T>(settings.epsilon));
    }
  }
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_OPS_DENSE_ADAM_H_
