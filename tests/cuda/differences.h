// Gradients of a plain forward computation, by finite differences in double.
#ifndef PUMASI_TESTS_CUDA_DIFFERENCES_H_
#define PUMASI_TESTS_CUDA_DIFFERENCES_H_

#include <vector>

namespace pumasi::cuda {

// d loss() / d values[i] for all i; loss() reads `values`.
template <typename F>
std::vector<double> FiniteDifferences(std::vector<double>* values, F loss) {
  constexpr double kStep = 1e-6;
  std::vector<double> gradient;
  for (double& value : *values) {
    const double before = value;
    value = before + kStep;
    const double above = loss();
    value = before - kStep;
    const double below = loss();
    value = before;
    gradient.push_back((above - below) / (2 * kStep));
  }
  return gradient;
}

}  // namespace pumasi::cuda

#endif  // PUMASI_TESTS_CUDA_DIFFERENCES_H_
