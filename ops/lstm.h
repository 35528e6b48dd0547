// An LSTM layer over rows of different lengths, forward and backward through time. The cell's formulas stand in
// ops/lstm_cell.h, a plain version in ops/lstm_reference.h.
#ifndef PUMASI_OPS_LSTM_H_
#define PUMASI_OPS_LSTM_H_

#include "ops/buffer.h"
#include "ops/row_groups.h"
#include "ops/sequences.h"

namespace pumasi {

// Keras' layout, gates i, f, c, o: kernel[width × 4·units], recurrent[units × 4·units], bias[4·units].
struct LstmWeights {
  const float* kernel = nullptr;
  const float* recurrent = nullptr;
  const float* bias = nullptr;
};

// Where Backward writes the loss' gradients; the shapes of the weights, and vectors[distinct × width] (may be null: not
// wanted).
struct LstmGradients {
  float* kernel = nullptr;
  float* recurrent = nullptr;
  float* bias = nullptr;
  float* vectors = nullptr;
};

// The layer's working memory, used again for each part. Not thread-safe. Results depend on the arguments and the kernel
// set (ops/gemm.h) alone.
//
// What is done once rather than once a token: the input product, for each distinct vector; the sum of gate gradients
// before the two products of the input's gradients; the transpose of the recurrent weights. Rows are walked in
// StepOrder, so that the recurrent product shrinks as short rows end.
class Lstm {
 public:
  Lstm(int width, int units) : width_(width), units_(units) {}

  // last_state[rows × units] = h after each row's last token, zeros for a row without tokens. Keeps what Backward
  // needs. REQUIRES: input.width is the layer's.
  void Forward(const IndexedSequences& input, const LstmWeights& weights, float* last_state);

  // Likewise, without keeping anything: less memory.
  void Infer(const IndexedSequences& input, const LstmWeights& weights, float* last_state);

  // From the gradient by last_state[rows × units], after Forward with the same input and weights. Uses up what Forward
  // kept.
  void Backward(const IndexedSequences& input, const LstmWeights& weights, const float* last_state_gradient,
                const LstmGradients& gradients);

 private:
  // projected_ = vectors · kernel; zero states for empty rows.
  void Project(const IndexedSequences& input, const LstmWeights& weights, float* last_state);
  void WalkBack(const LstmWeights& weights, const float* last_state_gradient);

  const int width_;
  const int units_;
  StepOrder order_;
  RowGroups groups_;

  Buffer<float> projected_;        // [distinct × 4·units]; in Backward the summed gate gradients
  Buffer<float> gates_;            // [positions × 4·units]; in Backward the gate gradients
  Buffer<float> cells_;            // [positions × units], after the step
  Buffer<float> hidden_before_;    // [positions × units], h before the step; step 0's are not written
  Buffer<float> zeros_;            // [units]
  Buffer<float> transposed_;       // [4·units × units], the recurrent weights
  Buffer<float> hidden_gradient_;  // [rows × units] by rank
  Buffer<float> cell_gradient_;    // [rows × units] by rank
};

}  // namespace pumasi

#endif  // PUMASI_OPS_LSTM_H_
