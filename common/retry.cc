#include "common/retry.h"

#include <algorithm>

namespace pumasi {

absl::Duration Backoff::Next(uint64_t random_bits) {
  const double fraction = static_cast<double>(random_bits >> 11) * 0x1p-53;  // [0, 1)
  const absl::Duration wait = std::min(wait_, policy_.longest);
  wait_ = std::min(wait * policy_.factor, policy_.longest);
  return wait * (1 - fraction / 2);
}

}  // namespace pumasi
