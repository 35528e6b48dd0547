// Random test input.
#ifndef PUMASI_TESTS_OPS_RANDOM_FLOATS_H_
#define PUMASI_TESTS_OPS_RANDOM_FLOATS_H_

#include <cstddef>
#include <random>
#include <vector>

namespace pumasi {

// `count` numbers, uniform in [-limit, limit).
inline std::vector<float> RandomFloats(size_t count, float limit, std::mt19937_64* random) {
  std::uniform_real_distribution<float> uniform(-limit, limit);
  std::vector<float> values(count);
  for (float& value : values) value = uniform(*random);
  return values;
}

inline std::vector<double> Widen(const std::vector<float>& values) { return {values.begin(), values.end()}; }

}  // namespace pumasi

#endif  // PUMASI_TESTS_OPS_RANDOM_FLOATS_H_
