#include "server/outbox.h"

#include <algorithm>
#include <utility>

#include "common/error_detail.h"
#include "common/retry_reason.h"

namespace pumasi {
namespace {

// It has waited at the scheduler: this only keeps a call that is refused at once from turning into a busy loop.
constexpr absl::Duration kAskAgain = absl::Milliseconds(10);

Retry RetryOfTold(const absl::Status& status) {
  // An assignment with the job came from there, so it has ended, or is without this server.
  if (status.ok() || ReasonOf(status) == v1::ErrorDetail::UNKNOWN_JOB) return Retry::kNever;
  return RetryOf(status);
}

}  // namespace

uint64_t Outbox::Put(Request request, absl::Duration now) {
  waiting_[next_ticket_] = {std::move(request), now};
  return next_ticket_++;
}

Outbox::Verdict Outbox::Told(uint64_t ticket, const absl::Status& status, absl::Duration now) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return Verdict::kUnknown;
  Waiting& waiting = found->second;
  const Retry retry = RetryOfTold(status);
  if (retry != Retry::kNever) {
    waiting.out = false;
    if (retry == Retry::kSoon) waiting.pauses.Reset();
    waiting.due = now + (retry == Retry::kSoon ? kAskAgain : waiting.pauses.Next(random_()));
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
