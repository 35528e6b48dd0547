// An LSTM or GRU in the chain, in one direction or both.
#ifndef PUMASI_WORKER_MODEL_RECURRENT_LAYER_H_
#define PUMASI_WORKER_MODEL_RECURRENT_LAYER_H_

#include <cstdint>
#include <memory>

#include "ops/buffer.h"
#include "ops/precision.h"
#include "ops/recurrent.h"
#include "proto/job.pb.h"
#include "worker/model/layer.h"
#include "worker/model/token_index.h"

namespace pumasi {

class Lstm;

// Tables: kernel, recurrent_kernel, bias; in both directions first the forward one's, then the backward one's.
class RecurrentLayer : public Layer {
 public:
  // `number` is the layer's in the model, from which its dropout draws; `precision` that of its products.
  RecurrentLayer(const v1::Lstm& spec, int width, uint32_t number, Precision precision);
  RecurrentLayer(const v1::Gru& spec, int width, uint32_t number, Precision precision);

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

  // Only of an lstm in one direction.
  size_t folded_width() const override;
  void Fold(const float* const* tables, size_t count, const float* vectors, float* folded) override;
  Signal ForwardFolded(const Signal& folded, const float* const* tables) override;

 private:
  struct Direction {
    std::unique_ptr<Recurrent> walk;  // null: this direction is not there
    Buffer<float> input_factors;      // [rows × width]
    Buffer<float> state_factors;      // [rows × units]
    RecurrentMasks masks;
    Buffer<float> output;  // [vectors × units]; in Backward the gradient by it. Only with both directions.
  };

  template <typename Spec>
  RecurrentLayer(const Spec& spec, int width, uint32_t number, Precision precision, bool);

  bool both() const { return backward_.walk != nullptr; }
  void DrawMasks(int rows, uint64_t stream, DropoutUse input, DropoutUse state, Direction* direction);
  void Walk(const Signal& in, const float* const* tables, const Training* training, float* out, Direction* direction);
  // Puts the directions' outputs together, and takes a gradient apart.
  void Join(size_t vectors, float* out) const;
  void Part(size_t vectors, const float* out_gradient);

  const int width_;
  const int units_;
  Lstm* lstm_ = nullptr;  // forward_'s, where the layer is an lstm in one direction
  const uint32_t number_;
  const bool return_sequences_;
  const v1::Bidirectional join_;
  const double input_rate_;
  const double state_rate_;
  Direction forward_;
  Direction backward_;
  Buffer<float> output_;
  Buffer<float> second_gradient_;  // by the input, of the backward direction
  TokenIndex index_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_RECURRENT_LAYER_H_
