#include "ops/elastic_average.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "ops/integer_power.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

// out[width] = the lanes' sum, in their order.
PUMASI_VECTOR_CLONES void Sum(int lanes, int width, const float* __restrict slots, double* __restrict out) {
  std::fill_n(out, width, 0.0);
  for (int lane = 0; lane < lanes; ++lane) {
    const float* __restrict const d = slots + static_cast<size_t>(lane) * width;
    for (int i = 0; i < width; ++i) out[i] += d[i];
  }
}

// Likewise, of the differences less the gradients.
PUMASI_VECTOR_CLONES void SumLess(int lanes, int width, const float* __restrict slots, const float* __restrict gradient,
                                  double* __restrict out) {
  std::fill_n(out, width, 0.0);
  for (int lane = 0; lane < lanes; ++lane) {
    const float* __restrict const d = slots + static_cast<size_t>(lane) * width;
    const float* __restrict const g = gradient + static_cast<size_t>(lane) * width;
    for (int i = 0; i < width; ++i) out[i] += static_cast<double>(d[i]) - g[i];
  }
}

// out = value + rate·sum.
PUMASI_VECTOR_CLONES void Draw(int width, double rate, const double* __restrict sum, const float* value, float* out) {
  for (int i = 0; i < width; ++i) out[i] = static_cast<float>(value[i] + rate * sum[i]);
}

// A lane's difference, in place: own·d + common·sum.
PUMASI_VECTOR_CLONES void Move(int width, double own, double common, const double* __restrict sum,
                               float* __restrict d) {
  for (int i = 0; i < width; ++i) d[i] = static_cast<float>(own * d[i] + common * sum[i]);
}

PUMASI_VECTOR_CLONES void MoveLess(int width, double own, double common, const double* __restrict sum,
                                   const float* __restrict g, float* __restrict d) {
  for (int i = 0; i < width; ++i) {
    d[i] = static_cast<float>(own * (static_cast<double>(d[i]) - g[i]) + common * sum[i]);
  }
}

PUMASI_VECTOR_CLONES void AddTo(int width, const float* __restrict d, float* __restrict out) {
  for (int i = 0; i < width; ++i) out[i] += d[i];
}

// What n steps without gradients do.
struct Motion {
  Motion(uint32_t lanes, double share, uint64_t steps) {
    const double count = lanes, left = IntegerPower(1 - share * (count + 1) / count, steps);
    centre = (1 - left) / (count + 1);
    own = IntegerPower(1 - share / count, steps);
    common = (left - own) / count;
  }
  double centre;  // of the sum, to the centre
  double own;     // of a lane's difference, and
  double common;  // of the sum, that it is then
};

// Sums of a row, without an allocation for each.
std::vector<double>& Scratch(int width) {
  thread_local std::vector<double> sums;
  if (sums.size() < static_cast<size_t>(width)) sums.resize(width);
  return sums;
}

}  // namespace

std::vector<std::string> ElasticAverage::slot_names() const {
  std::vector<std::string> names;
  for (uint32_t lane = 0; lane < lanes_; ++lane) names.push_back(absl::StrCat("lane_", lane));
  return names;
}

void ElasticAverage::MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const {
  if (step == last) return;
  const Motion motion(lanes_, share_, step - last);
  double* const sums = Scratch(width).data();
  Sum(static_cast<int>(lanes_), width, slots, sums);
  for (uint32_t lane = 0; lane < lanes_; ++lane) {
    Move(width, motion.own, motion.common, sums, slots + static_cast<size_t>(lane) * width);
  }
}

void ElasticAverage::Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const {
  const double alpha = share_ / lanes_;
  double* const sums = Scratch(width).data();
  SumLess(static_cast<int>(lanes_), width, slots, gradient, sums);
  Draw(width, alpha, sums, value, value);
  for (uint32_t lane = 0; lane < lanes_; ++lane) {
    const size_t at = static_cast<size_t>(lane) * width;
    MoveLess(width, 1 - alpha, -alpha, sums, gradient + at, slots + at);
  }
}

void ElasticAverage::Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots,
                          float* out) const {
  if (step == last) {
    if (out != value) std::copy_n(value, width, out);
    return;
  }
  double* const sums = Scratch(width).data();
  Sum(static_cast<int>(lanes_), width, slots, sums);
  Draw(width, Motion(lanes_, share_, step - last).centre, sums, value, out);
}

void ElasticAverage::PeekLane(uint32_t lane, uint64_t last, uint64_t step, int width, const float* value,
                              const float* slots, float* out) const {
  Peek(last, step, width, value, slots, out);
  if (step == last) return AddLane(lane, width, slots, out);
  const float* const d = slots + static_cast<size_t>(lane) * width;
  const Motion motion(lanes_, share_, step - last);
  const double* const sums = Scratch(width).data();  // as Peek left them
  std::vector<float> moved(d, d + width);
  Move(width, motion.own, motion.common, sums, moved.data());
  AddTo(width, moved.data(), out);
}

void AddLane(uint32_t lane, int width, const float* slots, float* out) {
  AddTo(width, slots + static_cast<size_t>(lane) * width, out);
}

}  // namespace pumasi
