// Softmax and cross entropy on a device: the twin of ops/softmax_cross_entropy.h.
#ifndef PUMASI_OPS_CUDA_SOFTMAX_CROSS_ENTROPY_H_
#define PUMASI_OPS_CUDA_SOFTMAX_CROSS_ENTROPY_H_

#include <cstdint>

#include "ops/cuda/stream.h"
#include "ops/softmax_cross_entropy.h"

namespace pumasi::cuda {

// values[rows × classes]: in, logits; out, probabilities.
void Softmax(Stream* stream, int rows, int classes, float* values);

// As pumasi::SoftmaxCrossEntropy, with device memory, but that the losses come by row: losses[rows], predicted[rows].
// REQUIRES: classes > 0, each of labels[rows] in [0, classes).
void SoftmaxCrossEntropy(Stream* stream, int rows, int classes, const int32_t* labels, float scale, float* values,
                         double* losses, int32_t* predicted, const CrossEntropyOptions& options = {});

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_SOFTMAX_CROSS_ENTROPY_H_
