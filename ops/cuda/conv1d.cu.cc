#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/conv1d.h"
#include "ops/cuda/dense.h"

namespace pumasi::cuda {
namespace {

struct Shape {
  int width, kernel_size, before;
  const uint32_t *offsets, *vector_of_token, *row_of_token;  // of the input
  const uint32_t *out_offsets, *row_of_output;
};

// A column of a window is position k of the kernel and column i of a vector; zeros beyond the row.
struct FillWindows {
  Shape shape;
  const float* vectors;
  float* windows;

  __device__ void operator()(size_t output, int column) const {
    const int k = column / shape.width, i = column % shape.width;
    const uint32_t row = shape.row_of_output[output];
    const int64_t from = static_cast<int64_t>(output - shape.out_offsets[row]) + k - shape.before;
    const int64_t length = shape.offsets[row + 1] - shape.offsets[row];
    float value = 0;
    if (from >= 0 && from < length) {
      value = vectors[static_cast<size_t>(shape.vector_of_token[shape.offsets[row] + from]) * shape.width + i];
    }
    windows[output * shape.width * shape.kernel_size + column] = value;
  }
};

// A token's gradient is the sum over the windows that it is in, those of earlier outputs first.
struct SumWindows {
  Shape shape;
  const float* windows;
  float* by_token;

  __device__ void operator()(size_t token, int i) const {
    const uint32_t row = shape.row_of_token[token];
    const int64_t t = static_cast<int64_t>(token - shape.offsets[row]);
    const int64_t outputs = shape.out_offsets[row + 1] - shape.out_offsets[row];
    float sum = 0;
    for (int k = shape.kernel_size - 1; k >= 0; --k) {
      const int64_t output = t - k + shape.before;
      if (output < 0 || output >= outputs) continue;
      sum += windows[((shape.out_offsets[row] + output) * shape.kernel_size + k) * shape.width + i];
    }
    by_token[token * shape.width + i] = sum;
  }
};

Shape ShapeOf(const Conv1dOptions& options, const SequenceIndex& index, const SequenceIndex& output) {
  return {options.width,    options.kernel_size,     options.same ? (options.kernel_size - 1) / 2 : 0,
          index.offsets(),  index.vector_of_token(), index.row_of_token(),
          output.offsets(), output.row_of_token()};
}

}  // namespace

SequenceIndex* Conv1d::Output(Stream* stream, const SequenceIndex& index) {
  const uint32_t lost = options_.same ? 0 : static_cast<uint32_t>(options_.kernel_size - 1);
  std::vector<uint32_t> offsets = {0};
  for (int row = 0; row < index.rows(); ++row) {
    const uint32_t length = index.host_offsets()[row + 1] - index.host_offsets()[row];
    offsets.push_back(offsets.back() + (length > lost ? length - lost : 0));
  }
  output_.BuildOwnVectors(stream, index.rows(), offsets.data());
  return &output_;
}

void Conv1d::Forward(Stream* stream, const SequenceIndex& index, const float* vectors, const float* kernel,
                     const float* bias, float* out) {
  const int window = options_.width * options_.kernel_size;
  const size_t count = output_.tokens();
  float* const windows = windows_.Reserve(stream, count * window);
  ForEachInRows(stream, count, window, FillWindows{ShapeOf(options_, index, output_), vectors, windows});
  DenseForward(stream, precision_, {static_cast<int>(count), window, options_.filters}, options_.activation, windows,
               kernel, bias, out);
}

void Conv1d::Backward(Stream* stream, SequenceIndex* index, const float* kernel, const float* out, float* gradient,
                      float* kernel_gradient, float* bias_gradient, float* vectors_gradient) {
  const int window = options_.width * options_.kernel_size;
  const DenseShape shape = {static_cast<int>(output_.tokens()), window, options_.filters};
  // The windows' gradient can only be written once the kernel's is made from the windows.
  DenseBackward(stream, precision_, shape, options_.activation, windows_.get(), kernel, out, gradient, kernel_gradient,
                bias_gradient, nullptr, &partial_);
  DenseInputGradient(stream, precision_, shape, gradient, kernel, windows_.get());
  float* const by_token = by_token_.Reserve(stream, index->tokens() * options_.width);
  ForEachInRows(stream, index->tokens(), options_.width,
                SumWindows{ShapeOf(options_, *index, output_), windows_.get(), by_token});
  index->MergeTokens(stream, options_.width, by_token, vectors_gradient);
}

}  // namespace pumasi::cuda
