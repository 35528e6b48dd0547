// The flag --link of train and compare.
#ifndef PUMASI_TOOLS_CLI_LINK_FLAG_H_
#define PUMASI_TOOLS_CLI_LINK_FLAG_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace pumasi {

// As ParseLinkRate; kUnlimited of "", which is the flag left out. InvalidArgument, too, where this machine or this user
// can't have hosts on links (tools/hosts/host_network.h), with what it would take. Makes and changes nothing.
absl::StatusOr<uint64_t> ReadLinkFlag(const std::string& link);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_LINK_FLAG_H_
