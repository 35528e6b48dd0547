// What Hosting does when a push does not fit the memory limit.
#include <algorithm>

#include "common/error_detail.h"
#include "server/hosting.h"

namespace pumasi {
namespace {

// A checkpoint holds training up for so long at most.
constexpr absl::Duration kLongestHold = absl::Seconds(5);

}  // namespace

void Hosting::NoRoom(const absl::Status& refused, absl::Duration now) {
  no_room_since_ = std::min(no_room_since_, now);
  const absl::Duration held = now - no_room_since_;
  const auto detail = DetailOf(refused);
  const bool may_pass = detail.has_value() && !detail->waiting_for().empty();
  // Before workers and scheduler lose their patience: they would not know why.
  const absl::Duration patience = std::max(2 * kLongestHold, absl::Seconds(assignment_.job().stall_timeout()) / 2);
  if (!may_pass || held >= patience) {
    TellFailure(std::string(refused.message()), now);
    return;
  }
  copies_->GiveWay(now);
  if (snapshot_ == nullptr || held < kLongestHold) return;
  snapshot_->GiveUp(
      absl::ResourceExhaustedError("memory_limit left no room for gradients as long as it was being written"));
}

}  // namespace pumasi
