// When a learning rate falls because the loss does not: Keras' ReduceLROnPlateau (mode min).
#ifndef PUMASI_SCHEDULER_PLATEAU_H_
#define PUMASI_SCHEDULER_PLATEAU_H_

#include <cstdint>
#include <limits>
#include <optional>

#include "proto/job.pb.h"

namespace pumasi {

// Not thread-safe. A function of the losses it was shown, in their order.
class Plateau {
 public:
  explicit Plateau(const v1::ReduceOnPlateau& settings) : settings_(settings) {}

  // Takes the loss after an epoch. The rate's new factor, in all, if it falls now. A loss that is NaN is not better.
  std::optional<double> Observe(double loss);

 private:
  const v1::ReduceOnPlateau settings_;
  double best_ = std::numeric_limits<double>::infinity();
  double factor_ = 1;
  uint32_t waited_ = 0;    // epochs without a better loss
  uint32_t cooldown_ = 0;  // epochs that do not count yet
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_PLATEAU_H_
