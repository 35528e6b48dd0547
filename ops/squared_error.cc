#include "ops/squared_error.h"

#include <cstddef>

namespace pumasi {

LossSum SquaredError(int rows, int outputs, const float* targets, float scale, const float* y, float* gradient) {
  LossSum total;
  const double factor = 2.0 * scale / outputs;
  for (int row = 0; row < rows; ++row) {
    double squares = 0;
    for (size_t i = static_cast<size_t>(row) * outputs, end = i + outputs; i < end; ++i) {
      const double difference = static_cast<double>(y[i]) - targets[i];
      squares += difference * difference;
      gradient[i] = static_cast<float>(factor * difference);
    }
    total.Add(row, squares / outputs);
  }
  return total;
}

}  // namespace pumasi
