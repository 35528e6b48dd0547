// One layer of a model, as the chain of layers sees it.
#ifndef PUMASI_WORKER_MODEL_LAYER_H_
#define PUMASI_WORKER_MODEL_LAYER_H_

#include <cstddef>

#include "ops/dropout.h"
#include "ops/sequences.h"

namespace pumasi {

// What flows between layers. Owns nothing.
struct Signal {
  // Otherwise one vector a row: `data` has distinct = rows and neither offsets nor tokens.
  bool sequence = false;
  // Vectors that many tokens share (merged ids) stay shared as long as layers treat them alike.
  IndexedSequences data;

  size_t tokens() const { return sequence ? data.offsets[data.rows] : data.rows; }
};

// What a part's training depends on beside its rows and the tables.
struct Training {
  DropoutKey dropout;
  // The part's rows by those of its batch: as how much its statistics count.
  double share = 1;
  // The tables hold the numbers of the layer's last Forward, which was in training.
  bool same_tables = false;
};

// A layer with its working memory, used again for each part: nothing is allocated once the largest part was seen. Not
// thread-safe. `tables` and `gradients` are by the layer's own tables, in the order of its plan
// (common/model_plan_layer.h).
class Layer {
 public:
  virtual ~Layer() = default;

  // The output, in the layer's memory (or in the input's, where nothing changes); it ends with the next call. With
  // `training` the layer drops values and keeps what Backward needs; null: inference.
  virtual Signal Forward(const Signal& in, const float* const* tables, const Training* training) = 0;

  // After a Forward in training with the same input and tables: from out_gradient[distinct × width] by the output,
  // which is used up, to in_gradient[distinct × width] by the input, and the tables' gradients. The "gradient" of a
  // table with update: MOVING_AVERAGE is the part's statistic times its share of the batch.
  virtual void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                        float* in_gradient) = 0;

  // Inference with a product that depends on an input vector alone worked out beforehand, where the layer has one:
  // folded[count × folded_width()] of vectors[count × width]. ForwardFolded gives the bits of Forward in inference.
  virtual size_t folded_width() const { return 0; }
  virtual void Fold(const float* const* tables, size_t count, const float* vectors, float* folded) {}
  virtual Signal ForwardFolded(const Signal& folded, const float* const* tables) { return folded; }
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_LAYER_H_
