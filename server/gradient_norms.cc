#include "server/gradient_norms.h"

namespace pumasi {
namespace {

void Scale(float factor, std::vector<float>* values) {
  if (factor == 1.0f) return;
  for (float& value : *values) value *= factor;
}

}  // namespace

std::vector<ExactSum> GradientSquares(const Gradient& gradient, const ParameterShape& shape, uint32_t slot) {
  std::vector<ExactSum> squares(shape.tables.size());
  for (size_t table = 0; table < gradient.rows.size(); ++table) {
    const RowGradient& rows = gradient.rows[table];
    const size_t width = shape.widths[table];
    for (size_t row = 0; row < rows.ids.size(); ++row) {
      squares[table].Add(SumOfSquares(width, rows.values.data() + row * width));
    }
  }
  for (size_t i = 0; i < gradient.dense.size(); ++i) {
    squares[shape.chunks[slot][i].table].Add(SumOfSquares(gradient.dense[i].size(), gradient.dense[i].data()));
  }
  return squares;
}

void ScaleGradient(const std::vector<float>& factors, const ParameterShape& shape, uint32_t slot, Gradient* gradient) {
  for (size_t table = 0; table < gradient->rows.size(); ++table) Scale(factors[table], &gradient->rows[table].values);
  for (size_t i = 0; i < gradient->dense.size(); ++i) Scale(factors[shape.chunks[slot][i].table], &gradient->dense[i]);
}

}  // namespace pumasi
