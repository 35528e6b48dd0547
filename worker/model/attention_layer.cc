#include "worker/model/attention_layer.h"

#include "worker/model/token_index.h"

namespace pumasi {

Signal AttentionLayer::Forward(const Signal& in, const float* const* tables, const Training* training) {
  float* const out = output_.Reserve(static_cast<size_t>(in.data.rows) * in.data.width);
  attention_.Forward(in.data, {tables[0], tables[1], tables[2]}, out);
  return OneVectorARow(in.data.rows, in.data.width, out);
}

void AttentionLayer::Backward(const Signal& in, const float* const* tables, float* out_gradient,
                              float* const* gradients, float* in_gradient) {
  attention_.Backward(in.data, {tables[0], tables[1], tables[2]}, out_gradient,
                      {gradients[0], gradients[1], gradients[2]}, in_gradient);
}

}  // namespace pumasi
