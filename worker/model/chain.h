// Layers one behind the other, as one layer.
#ifndef PUMASI_WORKER_MODEL_CHAIN_H_
#define PUMASI_WORKER_MODEL_CHAIN_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "ops/buffer.h"
#include "worker/model/layer.h"

namespace pumasi {

// Its tables are those of its layers, one layer's after another's. Without layers it passes its input on.
class Chain : public Layer {
 public:
  // Behind those that are there; `tables` of the chain's are the layer's.
  void Add(std::unique_ptr<Layer> layer, size_t tables);

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

  // Those of its first layer, and what the others make of it.
  size_t folded_width() const override { return links_.empty() ? 0 : links_[0].layer->folded_width(); }
  void Fold(const float* const* tables, size_t count, const float* vectors, float* folded) override {
    links_[0].layer->Fold(tables, count, vectors, folded);
  }
  Signal ForwardFolded(const Signal& folded, const float* const* tables) override;

 private:
  struct Link {
    std::unique_ptr<Layer> layer;
    size_t first_table = 0;
  };

  std::vector<Link> links_;
  size_t tables_ = 0;
  std::vector<Signal> signals_;  // signals_[i] comes out of links_[i].
  Buffer<float> gradients_[2];   // by what goes into a layer, in turns
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_CHAIN_H_
