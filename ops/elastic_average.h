// Elastic averaging: how lanes that keep values of their own, and the values that count, draw each other on. (Zhang,
// Choromanska, LeCun, "Deep learning with Elastic Averaging SGD", 2015, eq. 5 and 6, the synchronous form: alpha is
// share / lanes, beta is the share.)
#ifndef PUMASI_OPS_ELASTIC_AVERAGE_H_
#define PUMASI_OPS_ELASTIC_AVERAGE_H_

#include <string>
#include <vector>

#include "ops/optimizer.h"

namespace pumasi {

// The value is the centre c, slot i the difference d_i = x_i - c of lane i, 0 at first. In a step lane i has come from
// x_i to x_i - g_i: with s_i = d_i - g_i and S the sum of all s_i,
//   c' = c + share / lanes * S,   d_i' = (1 - share / lanes) * s_i - share / lanes * S,
// so that x_i' = x_i - g_i - share / lanes * s_i. The sum of c and all x_i stays what training makes it.
//
// In a step that does not touch a row all g_i are 0, and it moves all the same. That is linear: with D the sum of all
// d_i and k = 1 - share * (lanes + 1) / lanes, after n steps c has gone D * (1 - k^n) / (lanes + 1), D is k^n * D, and
// what d_i differs from D / lanes by is (1 - share / lanes)^n of what it was. In closed form, exact but for one
// rounding to float32; -0.5 <= k < 1 with two lanes or more, so all of it dies out.
class ElasticAverage : public Optimizer {
 public:
  // REQUIRES: lanes >= 2, 0 < share <= 1.
  ElasticAverage(uint32_t lanes, double share) : lanes_(lanes), share_(share) {}

  int slots() const override { return static_cast<int>(lanes_); }
  std::vector<std::string> slot_names() const override;  // lane_0, lane_1, …
  void MoveSlots(uint64_t last, uint64_t step, int width, float* slots) const override;
  // `gradient`: lanes × width, what each lane has to be taken off.
  void Apply(uint64_t step, int width, const float* gradient, float* value, float* slots) const override;
  void Peek(uint64_t last, uint64_t step, int width, const float* value, const float* slots, float* out) const override;

  // out[width] = a lane's values c + d_i, as CatchUp would leave them. `out` may be `value`. REQUIRES: lane < slots().
  void PeekLane(uint32_t lane, uint64_t last, uint64_t step, int width, const float* value, const float* slots,
                float* out) const;

 private:
  const uint32_t lanes_;
  const double share_;
};

// out[width] += a lane's difference, by the slots of an ElasticAverage.
void AddLane(uint32_t lane, int width, const float* slots, float* out);

}  // namespace pumasi

#endif  // PUMASI_OPS_ELASTIC_AVERAGE_H_
