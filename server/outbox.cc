#include "server/outbox.h"

#include <algorithm>
#include <utility>

#include "common/error_detail.h"

namespace pumasi {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(50);
constexpr absl::Duration kLongestPause = absl::Seconds(1);
// It has waited at the scheduler: this only keeps a call that is refused at once from turning into a busy loop.
constexpr absl::Duration kAskAgain = absl::Milliseconds(10);

bool Passes(const absl::Status& status) {
  switch (ReasonOf(status)) {
    case v1::ErrorDetail::UNAVAILABLE:
    case v1::ErrorDetail::NOT_DURABLE:
    case v1::ErrorDetail::UNKNOWN_INCARNATION:
      return true;
    case v1::ErrorDetail::REASON_UNSPECIFIED:
      return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsCancelled(status) ||
             absl::IsResourceExhausted(status);
    default:
      return false;
  }
}

}  // namespace

uint64_t Outbox::Put(Request request, absl::Duration now) {
  waiting_[next_ticket_] = {std::move(request), now, kFirstPause};
  return next_ticket_++;
}

Outbox::Verdict Outbox::Told(uint64_t ticket, const absl::Status& status, absl::Duration now) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return Verdict::kUnknown;
  Waiting& waiting = found->second;
  const bool not_ready = ReasonOf(status) == v1::ErrorDetail::NOT_READY;
  if (not_ready || Passes(status)) {
    waiting.out = false;
    waiting.due = now + (not_ready ? kAskAgain : waiting.pause);
    waiting.pause = not_ready ? kFirstPause : std::min(2 * waiting.pause, kLongestPause);
    return Verdict::kAgain;
  }
  waiting_.erase(found);
  return status.ok() ? Verdict::kHeard : Verdict::kRefused;
}

void Outbox::Due(absl::Duration now, std::vector<TellWish>* out) {
  for (auto& [ticket, waiting] : waiting_) {
    if (waiting.out || waiting.due > now) continue;
    waiting.out = true;
    out->push_back({ticket, waiting.request});
  }
}

absl::Duration Outbox::NextDeadline() const {
  absl::Duration next = absl::InfiniteDuration();
  for (const auto& [ticket, waiting] : waiting_) {
    if (!waiting.out) next = std::min(next, waiting.due);
  }
  return next;
}

}  // namespace pumasi
