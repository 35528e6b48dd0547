// Random numbers of a simulation: one seed gives any number of independent streams by name, so that a change to what
// one part of the world draws leaves what the others draw as it was.
#ifndef PUMASI_TESTS_SIMULATION_RANDOM_H_
#define PUMASI_TESTS_SIMULATION_RANDOM_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "common/mix_bits.h"

namespace pumasi::sim {

// SplitMix64. A few nanoseconds a draw; the same numbers everywhere.
class Random {
 public:
  using result_type = uint64_t;
  explicit Random(uint64_t seed) : state_(seed) {}

  // The stream of this name.
  Random Stream(absl::string_view name) const {
    uint64_t mixed = state_;
    for (const char c : name) mixed = MixBits(mixed ^ static_cast<unsigned char>(c));
    return Random(MixBits(mixed));
  }

  uint64_t operator()() {
    state_ += 0x9e3779b97f4a7c15;
    return MixBits(state_);
  }
  static constexpr uint64_t min() { return 0; }
  static constexpr uint64_t max() { return ~uint64_t{0}; }

  // [0, end). REQUIRES: end > 0.
  uint64_t Below(uint64_t end) { return (*this)() % end; }
  // [first, last].
  int64_t Between(int64_t first, int64_t last) {
    return first + static_cast<int64_t>(Below(static_cast<uint64_t>(last - first) + 1));
  }
  // [0, 1).
  double Unit() { return static_cast<double>((*this)() >> 11) * 0x1p-53; }
  bool Chance(double probability) { return Unit() < probability; }
  template <typename T>
  const T& OneOf(const T* from, size_t count) {
    return from[Below(count)];
  }

 private:
  uint64_t state_;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_RANDOM_H_
