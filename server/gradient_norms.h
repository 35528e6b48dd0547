// Norms of a slot's share of a batch's gradient, and its scaling by what the norms of all slots together come to.
#ifndef PUMASI_SERVER_GRADIENT_NORMS_H_
#define PUMASI_SERVER_GRADIENT_NORMS_H_

#include <cstdint>
#include <vector>

#include "ops/exact_sum.h"
#include "ops/tree/gradient.h"
#include "server/parameter_shape.h"

namespace pumasi {

// By table: the sum of the squares of a slot's gradient. Exact sums of each row's and each chunk's own sum in double,
// hence the same in total however slots are dealt out to servers.
std::vector<ExactSum> GradientSquares(const Gradient& gradient, const ParameterShape& shape, uint32_t slot);

// Multiplies each table's values by its factor.
void ScaleGradient(const std::vector<float>& factors, const ParameterShape& shape, uint32_t slot, Gradient* gradient);

}  // namespace pumasi

#endif  // PUMASI_SERVER_GRADIENT_NORMS_H_
