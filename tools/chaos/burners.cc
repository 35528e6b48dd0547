#include "tools/chaos/burners.h"

#include <cmath>

namespace pumasi {

Burners::Burners(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) {
    threads_.emplace_back([this] {
      while (!stop_.load(std::memory_order_relaxed)) {
      }
    });
  }
}

Burners::~Burners() {
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();
}

unsigned BurnersFor(double factor) {
  const unsigned cores = std::thread::hardware_concurrency();
  return static_cast<unsigned>(std::ceil(factor * (cores > 0 ? cores : 1)));
}

}  // namespace pumasi
