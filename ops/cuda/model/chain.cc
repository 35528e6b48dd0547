#include "ops/cuda/model/chain.h"

#include <utility>

namespace pumasi::cuda {

Chain::Chain(const std::vector<LayerSpec>& specs, Precision precision) : signals_(specs.size()) {
  for (const LayerSpec& spec : specs) {
    links_.push_back({MakeLayer(spec, precision), tables_});
    tables_ += spec.TableSizes().size();
  }
}

void Chain::WatchLayers(std::function<void(size_t)> before_forward, std::function<void(size_t)> after_backward) {
  before_forward_ = std::move(before_forward);
  after_backward_ = std::move(after_backward);
}

Signal Chain::Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) {
  Signal signal = in;
  for (size_t i = 0; i < links_.size(); ++i) {
    if (before_forward_ != nullptr) before_forward_(i);
    signal = links_[i].layer->Forward(stream, signal, tables + links_[i].first_table, training);
    signals_[i] = signal;
  }
  return signal;
}

void Chain::Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                     float* const* gradients, float* in_gradient) {
  if (links_.empty()) return stream->Copy(out_gradient, in.count() * sizeof(float), in_gradient);
  for (size_t i = links_.size(); i-- > 0;) {
    const Signal& input = i == 0 ? in : signals_[i - 1];
    float* const by_input = i == 0 ? in_gradient : gradients_[i % 2].Reserve(stream, input.count());
    const size_t first = links_[i].first_table;
    links_[i].layer->Backward(stream, input, tables + first, out_gradient, gradients + first, by_input);
    if (after_backward_ != nullptr) after_backward_(i);
    out_gradient = by_input;
  }
}

}  // namespace pumasi::cuda
