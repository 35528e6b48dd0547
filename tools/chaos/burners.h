// Threads that compute nothing, for as long as they exist.
#ifndef PUMASI_TOOLS_CHAOS_BURNERS_H_
#define PUMASI_TOOLS_CHAOS_BURNERS_H_

#include <atomic>
#include <thread>
#include <vector>

namespace pumasi {

class Burners {
 public:
  explicit Burners(unsigned threads);
  ~Burners();
  Burners(const Burners&) = delete;
  Burners& operator=(const Burners&) = delete;

 private:
  std::atomic<bool> stop_ = false;
  std::vector<std::thread> threads_;
};

// So many that each core has `factor` threads that want it, whatever else runs.
unsigned BurnersFor(double factor);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_BURNERS_H_
