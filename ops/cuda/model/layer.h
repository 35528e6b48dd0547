// One layer of a model on a device, as the chain of layers sees it: the twin of worker/model/layer.h.
#ifndef PUMASI_OPS_CUDA_MODEL_LAYER_H_
#define PUMASI_OPS_CUDA_MODEL_LAYER_H_

#include <cstddef>

#include "ops/cuda/sequence_index.h"
#include "ops/cuda/stream.h"
#include "ops/dropout.h"

namespace pumasi::cuda {

// What flows between layers. Owns nothing.
struct Signal {
  // Of a sequence; null: one vector a row.
  SequenceIndex* index = nullptr;
  int rows = 0;
  int distinct = 0;  // vectors
  int width = 0;
  const float* vectors = nullptr;  // on the device: [distinct × width]

  size_t tokens() const { return index == nullptr ? rows : index->tokens(); }
  size_t count() const { return static_cast<size_t>(distinct) * width; }

  static Signal OneVectorARow(int rows, int width, const float* vectors) {
    return {nullptr, rows, rows, width, vectors};
  }
  static Signal Sequence(SequenceIndex* index, int width, const float* vectors) {
    return {index, index->rows(), index->distinct(), width, vectors};
  }
};

// What a part's training depends on beside its rows and the tables.
struct Training {
  DropoutKey dropout;
  // The part's rows by those of its batch: as how much its statistics count.
  double share = 1;
};

// A layer with its working memory, used again for each part. Not thread-safe. `tables` and `gradients` are device
// memory, by the layer's own tables in the order of its plan (common/model_plan_layer.h).
class Layer {
 public:
  virtual ~Layer() = default;

  // The output, in the layer's memory (or in the input's, where nothing changes); it ends with the next call. With
  // `training` the layer drops values and keeps what Backward needs; null: inference.
  virtual Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) = 0;

  // After a Forward in training with the same input and tables: from out_gradient[distinct × width] by the output,
  // which is used up, to in_gradient[distinct × width] by the input, and the tables' gradients.
  virtual void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                        float* const* gradients, float* in_gradient) = 0;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_LAYER_H_
