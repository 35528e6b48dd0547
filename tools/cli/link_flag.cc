#include "tools/cli/link_flag.h"

#include "absl/strings/str_cat.h"
#include "tools/hosts/host_network.h"
#include "tools/hosts/link_rate.h"

namespace pumasi {

absl::StatusOr<uint64_t> ReadLinkFlag(const std::string& link) {
  if (link.empty()) return kUnlimited;
  auto rate = ParseLinkRate(link);
  if (!rate.ok()) return rate;
  const absl::Status allowed = HostNetwork::Check();
  if (allowed.ok()) return rate;
  return absl::InvalidArgumentError(absl::StrCat("--link ", link, ": ", allowed.message()));
}

}  // namespace pumasi
