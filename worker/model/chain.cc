#include "worker/model/chain.h"

#include <algorithm>
#include <utility>

namespace pumasi {

void Chain::Add(std::unique_ptr<Layer> layer, size_t tables) {
  links_.push_back({std::move(layer), tables_});
  tables_ += tables;
  signals_.resize(links_.size());
}

Signal Chain::Forward(const Signal& in, const float* const* tables, const Training* training) {
  Signal signal = in;
  for (size_t i = 0; i < links_.size(); ++i) {
    signal = links_[i].layer->Forward(signal, tables + links_[i].first_table, training);
    signals_[i] = signal;
  }
  return signal;
}

Signal Chain::ForwardFolded(const Signal& folded, const float* const* tables) {
  Signal signal = links_[0].layer->ForwardFolded(folded, tables);
  for (size_t i = 1; i < links_.size(); ++i) {
    signal = links_[i].layer->Forward(signal, tables + links_[i].first_table, nullptr);
  }
  return signal;
}

void Chain::Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                     float* in_gradient) {
  if (links_.empty()) {
    std::copy_n(out_gradient, static_cast<size_t>(in.data.distinct) * in.data.width, in_gradient);
    return;
  }
  for (size_t i = links_.size(); i-- > 0;) {
    const Signal& input = i == 0 ? in : signals_[i - 1];
    float* const by_input =
        i == 0 ? in_gradient : gradients_[i % 2].Reserve(static_cast<size_t>(input.data.distinct) * input.data.width);
    links_[i].layer->Backward(input, tables + links_[i].first_table, out_gradient, gradients + links_[i].first_table,
                              by_input);
    out_gradient = by_input;
  }
}

}  // namespace pumasi
