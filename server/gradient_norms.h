// Norms of a server's share of a batch's gradient, and its scaling by what the norms of all servers together come to.
#ifndef PUMASI_SERVER_GRADIENT_NORMS_H_
#define PUMASI_SERVER_GRADIENT_NORMS_H_

#include <vector>

#include "ops/exact_sum.h"
#include "ops/tree/gradient.h"
#include "server/gradient_message.h"

namespace pumasi {

// By table: the sum of the gradient's squares. Exact sums of each row's and each chunk's own sum in double, hence the
// same in total however rows and chunks are dealt out to servers.
std::vector<ExactSum> GradientSquares(const Gradient& gradient, const ShardShape& shape);

// Multiplies each table's values by its factor.
void ScaleGradient(const std::vector<float>& factors, const ShardShape& shape, Gradient* gradient);

}  // namespace pumasi

#endif  // PUMASI_SERVER_GRADIENT_NORMS_H_
