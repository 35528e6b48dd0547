// The rate of a host's link, as users write it.
#ifndef PUMASI_TOOLS_HOSTS_LINK_RATE_H_
#define PUMASI_TOOLS_HOSTS_LINK_RATE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace pumasi {

constexpr uint64_t kUnlimited = 0;

// Bits a second of "100mbit", "1gbit", "2.5gbit"; kUnlimited of "none". InvalidArgument: anything else, or a rate that
// is below 1 Mbit/s (handshakes would run into deadlines) or above 1000 Gbit/s.
absl::StatusOr<uint64_t> ParseLinkRate(const std::string& text);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_HOSTS_LINK_RATE_H_
