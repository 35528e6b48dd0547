// What is left of a weight after many steps of weight decay, each by its own rate.
#ifndef PUMASI_OPS_DECAY_PRODUCTS_H_
#define PUMASI_OPS_DECAY_PRODUCTS_H_

#include <cstdint>
#include <mutex>
#include <vector>

#include "ops/rate_schedule.h"

namespace pumasi {

// Thread-safe.
class DecayProducts {
 public:
  // Step s leaves the share 1 − decay·factor(s).
  DecayProducts(double decay, const RateSchedule& schedule) : decay_(decay), schedule_(schedule) {}
  DecayProducts(const DecayProducts&) = delete;
  DecayProducts& operator=(const DecayProducts&) = delete;

  double Share(uint64_t step) const { return 1 - decay_ * schedule_.Factor(step); }
  // The product of the shares of steps begin+1 to end. The bits depend on (begin, end) alone; the error is below
  // (end − begin)·2^-52 of it.
  double Product(uint64_t begin, uint64_t end) const;

 private:
  static constexpr uint64_t kBlock = 64;

  // Multiplies by the shares of steps begin+1 to end.
  double Continue(double product, uint64_t begin, uint64_t end) const;

  const double decay_;
  const RateSchedule schedule_;
  mutable std::mutex mutex_;
  mutable std::vector<double> blocks_;  // the product of each kBlock steps, as far as anyone asked; under mutex_
};

}  // namespace pumasi

#endif  // PUMASI_OPS_DECAY_PRODUCTS_H_
