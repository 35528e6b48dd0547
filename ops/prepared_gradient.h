// What happens to a batch's gradient before the optimizer sees it.
#ifndef PUMASI_OPS_PREPARED_GRADIENT_H_
#define PUMASI_OPS_PREPARED_GRADIENT_H_

#include <limits>
#include <memory>
#include <utility>

#include "ops/optimizer.h"

namespace pumasi {

// An optimizer applied to clip(g, −clip, clip) + l2·w, rounded to float32. The penalty is added after the clipping (as
// with PyTorch's clip_grad_value_ and weight_decay), and only where a gradient is applied: untouched rows are not drawn
// to zero.
class PreparedGradient : public Optimizer {
 public:
  static constexpr double kNoClip = std::numeric_limits<double>::infinity();

  // REQUIRES: clip > 0 and l2 >= 0.
  PreparedGradient(std::unique_ptr<Optimizer> optimizer, double clip, double l2)
      : optimizer_(std::move(optimizer)), clip_(clip), l2_(l2) {}

  int slots() const override { return optimizer_->slots(); }
  std::vector<std::string> slot_names() const override { return optimizer_->slot_names(); }
  void InitSlots(int width, float* slots) const override { optimizer_->InitSlots(width, slots); }
  void MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const override {
    optimizer_->MoveSlots(last, step, width, slots);
  }
  bool still() const override { return optimizer_->still(); }
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots,
            float* out) const override {
    optimizer_->Peek(last, step, width, value, slots, out);
  }

 private:
  const std::unique_ptr<Optimizer> optimizer_;
  const double clip_;
  const double l2_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_PREPARED_GRADIENT_H_
