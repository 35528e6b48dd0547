// The mean squared error: a row's loss is the mean over its outputs of (y − t)². As Keras' MeanSquaredError.
#ifndef PUMASI_OPS_SQUARED_ERROR_H_
#define PUMASI_OPS_SQUARED_ERROR_H_

#include "ops/loss_sum.h"

namespace pumasi {

// From y[rows × outputs] and targets[rows × outputs]: gradient[rows × outputs] of scale·(sum of losses) by y; may be
// `y`. REQUIRES: outputs > 0. Thread-safe.
LossSum SquaredError(int rows, int outputs, const float* targets, float scale, const float* y, float* gradient);

}  // namespace pumasi

#endif  // PUMASI_OPS_SQUARED_ERROR_H_
