#include "worker/collective/allreduce.h"

#include "absl/strings/str_cat.h"

namespace pumasi {

absl::Status CheckMember(const Group& group, uint32_t self, const std::vector<Descriptor>& sockets) {
  if (absl::Status status = CheckGroup(group); !status.ok()) return status;
  if (group.shares.empty()) return absl::InvalidArgumentError("an allreduce needs a group with fixed shares");
  if (self >= group.size() || sockets.size() != group.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("member ", self, " of ", group.size(), " got ", sockets.size(), " sockets"));
  }
  return absl::OkStatus();
}

}  // namespace pumasi
