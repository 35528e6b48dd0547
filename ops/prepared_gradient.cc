#include "ops/prepared_gradient.h"

#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_VECTOR_CLONES void Prepare(int width, double clip, double l2, const float* __restrict gradient,
                                  const float* __restrict value, float* __restrict out) {
  for (int i = 0; i < width; ++i) {
    double g = gradient[i];
    // Written so that NaN spreads.
    g = g < -clip ? -clip : g;
    g = g > clip ? clip : g;
    out[i] = static_cast<float>(g + l2 * value[i]);
  }
}

}  // namespace

void PreparedGradient::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  thread_local std::vector<float> prepared;
  if (prepared.size() < static_cast<size_t>(width)) prepared.resize(width);
  Prepare(width, clip_, l2_, gradient, value, prepared.data());
  optimizer_->Apply(step, width, prepared.data(), value, slots);
}

}  // namespace pumasi
