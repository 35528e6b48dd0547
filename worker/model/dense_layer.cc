#include "worker/model/dense_layer.h"

#include "worker/model/token_index.h"

namespace pumasi {

Signal DenseLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  shape_.rows = in.data.rows;
  float* const out = output_.Reserve(static_cast<size_t>(shape_.rows) * shape_.units);
  DenseForward(shape_, activation_, in.data.vectors, tables[0], tables[1], out);
  return OneVectorARow(shape_.rows, shape_.units, out);
}

void DenseLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                          float* in_gradient) {
  DenseBackward(shape_, activation_, in.data.vectors, tables[0], output_.get(), out_gradient, gradients[0],
                gradients[1], in_gradient);
}

}  // namespace pumasi
