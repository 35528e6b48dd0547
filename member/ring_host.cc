#include "member/ring_host.h"

#include "absl/strings/str_cat.h"
#include "common/address.h"

namespace pumasi {

absl::StatusOr<std::string> RingHost(const v1::WorkerConfig& config, const std::string& address) {
  if (!config.collective_listen().empty()) return config.collective_listen();
  auto own = ParseAddress(address);
  if (!own.ok()) return own.status();
  // Only this host's workers dial it.
  if (own->is_unix()) return "127.0.0.1";
  if (!IsLoopback(*own)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "allreduce: {reduction: ring} sends gradients by Gloo, which knows no TLS, and the worker is at ", address,
        ", where others can listen; use reduction: tree, or set the worker's collective_listen "
        "to its address in a network that you trust"));
  }
  return own->host;
}

}  // namespace pumasi
