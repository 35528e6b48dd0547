// Plain gradient descent: w -= learning_rate·gradient.
#ifndef PUMASI_OPS_SGD_H_
#define PUMASI_OPS_SGD_H_

#include "ops/optimizer.h"

namespace pumasi {

class Sgd : public Optimizer {
 public:
  explicit Sgd(double learning_rate) : learning_rate_(static_cast<float>(learning_rate)) {}

  int slots() const override { return 0; }
  std::vector<std::string> slot_names() const override { return {}; }
  // A zero gradient moves nothing.
  void CatchUp(uint64_t last, uint64_t step, int width, float* value, float* slots) const override {}
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const override;

 private:
  const float learning_rate_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_SGD_H_
