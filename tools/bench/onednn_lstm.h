// oneDNN's own LSTM, the fastest that a CPU user can link: what ours is measured against.
#ifndef PUMASI_TOOLS_BENCH_ONEDNN_LSTM_H_
#define PUMASI_TOOLS_BENCH_ONEDNN_LSTM_H_

#include <functional>

namespace pumasi {

// One training step, forward and backward, of `rows` sequences of `steps` steps, `width` -> `units`, float32, without
// tables, merging, loss or dense layer. Buffers and primitives are made once; the returned function runs the step.
std::function<void()> OneDnnLstmStep(int rows, int steps, int width, int units);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_BENCH_ONEDNN_LSTM_H_
