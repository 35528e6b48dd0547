// Layers one behind the other, as one layer on a device: the twin of worker/model/chain.h.
#ifndef PUMASI_OPS_CUDA_MODEL_CHAIN_H_
#define PUMASI_OPS_CUDA_MODEL_CHAIN_H_

#include <functional>
#include <memory>
#include <vector>

#include "ops/cuda/buffer.h"
#include "ops/cuda/model/layer.h"
#include "ops/cuda/model/layer_spec.h"

namespace pumasi::cuda {

// Its tables are those of its layers, one layer's after another's. Without layers it passes its input on.
class Chain : public Layer {
 public:
  Chain(const std::vector<LayerSpec>& specs, Precision precision);

  size_t layers() const { return links_.size(); }
  // Tables [first_table(i), first_table(i + 1)) are layer i's.
  size_t first_table(size_t layer) const { return layer < links_.size() ? links_[layer].first_table : tables_; }

  // Called before a layer's Forward and after its Backward is enqueued, so that copies can go with them.
  void WatchLayers(std::function<void(size_t)> before_forward, std::function<void(size_t)> after_backward);

  Signal Forward(Stream* stream, const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(Stream* stream, const Signal& in, const float* const* tables, float* out_gradient,
                float* const* gradients, float* in_gradient) override;

 private:
  struct Link {
    std::unique_ptr<Layer> layer;
    size_t first_table = 0;
  };

  std::vector<Link> links_;
  size_t tables_ = 0;
  std::vector<Signal> signals_;       // signals_[i] comes out of links_[i].
  DeviceBuffer<float> gradients_[2];  // by what goes into a layer, in turns
  std::function<void(size_t)> before_forward_, after_backward_;
};

}  // namespace pumasi::cuda

#endif  // PUMASI_OPS_CUDA_MODEL_CHAIN_H_
