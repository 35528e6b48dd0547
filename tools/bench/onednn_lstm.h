// oneDNN's own LSTM, the fastest that a CPU user can link: what ours is measured against.
#ifndef PUMASI_TOOLS_BENCH_ONEDNN_LSTM_H_
#define PUMASI_TOOLS_BENCH_ONEDNN_LSTM_H_

#include <functional>

#include "ops/precision.h"

namespace pumasi {

// One training step, forward and backward, of `rows` sequences of `steps` steps, `width` -> `units`, without tables,
// merging, loss or dense layer. With kBf16: weights, inputs and hidden states in bfloat16, cells, bias and gradients in
// float32. Buffers and primitives are made once; the returned function runs the step. It is empty where oneDNN has no
// such primitive for this machine.
std::function<void()> OneDnnLstmStep(Precision precision, int rows, int steps, int width, int units);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_ONEDNN_LSTM_H_
