// Chains of layers over the same input, side by side.
#ifndef PUMASI_WORKER_MODEL_CONCATENATE_LAYER_H_
#define PUMASI_WORKER_MODEL_CONCATENATE_LAYER_H_

#include <cstddef>
#include <memory>
#include <vector>

#include "ops/buffer.h"
#include "worker/model/chain.h"
#include "worker/model/layer.h"
#include "worker/model/token_index.h"

namespace pumasi {

// Tables: those of the branches, one branch's after another's. Tokens no longer share vectors behind it.
class ConcatenateLayer : public Layer {
 public:
  // Behind the branches that are there; `tables` of the layer's are the branch's. All branches give sequences of the
  // same steps, or all one vector a row.
  void Add(std::unique_ptr<Chain> branch, size_t tables);

  Signal Forward(const Signal& in, const float* const* tables, const Training* training) override;
  void Backward(const Signal& in, const float* const* tables, float* out_gradient, float* const* gradients,
                float* in_gradient) override;

 private:
  struct Branch {
    std::unique_ptr<Chain> chain;
    size_t first_table = 0;
    Signal out;
  };

  std::vector<Branch> branches_;
  size_t tables_ = 0;
  size_t width_ = 0;  // of the output
  Buffer<float> output_;
  Buffer<float> by_branch_;  // by a branch's output
  Buffer<float> in_part_;    // by the input, through one branch
  TokenIndex index_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_CONCATENATE_LAYER_H_
