// Certificates for a cluster: what `pumasi init` makes.
#ifndef PUMASI_COMMON_IDENTITY_H_
#define PUMASI_COMMON_IDENTITY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/clock.h"
#include "common/file.h"
#include "proto/rules.pb.h"

namespace pumasi {

struct NodeCertificate {
  // Names the files NAME.crt and NAME.key: letters, digits, '-', '_', '.'; not "ca".
  std::string name;
  v1::Role role = v1::ROLE_UNSPECIFIED;
  // DNS names and IP addresses that others dial this node by. May be empty for a node that nobody dials.
  std::vector<std::string> hosts;
};

// Makes, in `folder` (made if it is not there), a certificate and a key for each node, signed by the authority in
// ca.crt and ca.key there, which is made first if neither is. EC P-256 keys; the authority is valid for ten years, a
// node for two. A certificate names its hosts and the URI pumasi://ROLE/NAME. Keys are readable by their owner alone.
// No file is ever overwritten: AlreadyExists, before anything is written, if one is in the way. InvalidArgument for a
// name, role or host that can't be.
absl::Status InitCertificates(const std::string& folder, const std::vector<NodeCertificate>& nodes,
                              Files& files = RealFiles(), const Clock& clock = RealClock());

}  // namespace pumasi

#endif  // PUMASI_COMMON_IDENTITY_H_
