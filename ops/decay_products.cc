#include "ops/decay_products.h"

#include <algorithm>

#include "ops/integer_power.h"

namespace pumasi {

double DecayProducts::Continue(double product, uint64_t begin, uint64_t end) const {
  for (uint64_t step = begin + 1; step <= end; ++step) product *= Share(step);
  return product;
}

double DecayProducts::Product(uint64_t begin, uint64_t end) const {
  if (decay_ == 0 || begin >= end) return 1;
  if (schedule_.always_one()) return IntegerPower(1 - decay_, end - begin);
  const uint64_t first = (begin + kBlock - 1) / kBlock, last = end / kBlock;
  if (first >= last) return Continue(1, begin, end);
  double product = Continue(1, begin, first * kBlock);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    while (blocks_.size() < last) {
      const uint64_t block = blocks_.size();
      blocks_.push_back(Continue(1, block * kBlock, (block + 1) * kBlock));
    }
    for (uint64_t block = first; block < last; ++block) product *= blocks_[block];
  }
  return Continue(product, last * kBlock, end);
}

}  // namespace pumasi
