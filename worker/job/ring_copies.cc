// RingExchange and the copies of the parameters: this worker's own, and those of members to be.
#include <algorithm>
#include <set>
#include <utility>

#include "common/error_detail.h"
#include "common/layout/ring_group.h"
#include "common/log.h"
#include "worker/job/ring_exchange.h"
#include "worker/job/verdict.h"

namespace pumasi {
namespace {

constexpr absl::Duration kFirstPause = absl::Milliseconds(10);
constexpr absl::Duration kLongestPause = absl::Milliseconds(500);

bool Has(const std::vector<uint64_t>& members, uint64_t incarnation) {
  return std::find(members.begin(), members.end(), incarnation) != members.end();
}

}  // namespace

uint32_t RingExchange::OwnIndex() const {
  uint32_t own = 0;
  while (layout_.servers(static_cast<int>(own)).incarnation() != options_.incarnation) ++own;
  return own;
}

absl::Status RingExchange::Await(Lock& lock, const std::function<void(Done)>& begin) {
  struct State {
    bool ended = false;  // guarded by mutex_
    absl::Status status;
  };
  auto state = std::make_shared<State>();
  lock.unlock();
  begin([this, state](const absl::Status& status) {
    std::lock_guard guard(mutex_);
    state->ended = true;
    state->status = status;
    changed_.notify_all();
  });
  lock.lock();
  // A call has a deadline. One that was cancelled before it began does not come back; that is after Stop.
  changed_.wait(lock, [&] { return stopped_ || state->ended; });
  return state->ended ? state->status : absl::CancelledError("the job was dropped");
}

absl::Status RingExchange::LookAtCopy(Lock& lock) {
  const uint64_t version = version_;
  absl::Duration pause = kFirstPause;
  while (current()) {
    auto attempt = std::make_shared<PullAttempt>(exchange_, peers_, 0, std::make_shared<const std::vector<uint64_t>>());
    const uint32_t own = OwnIndex();
    const absl::Status status = Await(lock, [&](const Done& done) {
      attempt->Call(version, 0, {own}, [done](uint32_t, const absl::Status& end) { done(end); });
    });
    if (status.ok() || stopped_) return status;
    if (!current()) break;
    const auto detail = DetailOf(status);
    // One that is being filled waits for its slots; a whole one that is behind gets nothing more.
    const bool whole = Has(RingSharers(layout_), options_.incarnation);
    if (whole && detail && detail->reason() == v1::ErrorDetail::NOT_READY && detail->version() < version) {
      return absl::FailedPreconditionError("the copy is behind");
    }
    if (detail && detail->reason() == v1::ErrorDetail::TOO_LATE) {
      // Ahead of what anybody knew: the others have to hear of it.
      version_ = detail->version();
      known_ = true;
      return absl::AbortedError("the copy is ahead");
    }
    WaitFor(lock, pause);
    pause = std::min(2 * pause, kLongestPause);
  }
  return absl::AbortedError("there is another layout");
}

bool RingExchange::ApplySum(Lock& lock) {
  const uint64_t version = version_, generation = layout_.generation();
  const Sum sum = *sum_;
  PushAttempt::Payload payload{version, {0, options_.shape.parts}, 0, {}, sum.batch.gradient};
  payload.rate_changes.Add(sum.batch.rate_changes.begin(), sum.batch.rate_changes.end());
  absl::Duration pause = kFirstPause;
  uint64_t epoch = 0;
  std::set<uint64_t> applied;  // under that layout
  std::shared_ptr<PushAttempt> attempt;
  while (!stopped_ && InLayout() && layout_.generation() == generation) {
    if (attempt == nullptr || layout_.epoch() != epoch) {
      epoch = layout_.epoch();
      applied.clear();
      attempt = std::make_shared<PushAttempt>(exchange_, peers_, payload);
    }
    std::vector<uint32_t> servers = {OwnIndex()};
    for (const uint32_t server : RingGroup(layout_)) {
      if (!Has(sum.members, layout_.servers(static_cast<int>(server)).incarnation())) servers.push_back(server);
    }
    bool all = true;
    for (const uint32_t server : servers) {
      const uint64_t holder = layout_.servers(static_cast<int>(server)).incarnation();
      if (applied.count(holder)) continue;
      const absl::Status status = Await(lock, [&](const Done& done) {
        attempt->Call(
            {server}, [](uint32_t) {},
            [done](uint32_t, const absl::Status& end, v1::PushResponse::Outcome) { done(end); });
      });
      if (stopped_) return false;
      if (status.ok()) {
        applied.insert(holder);
      } else {
        all = false;
        const Verdict verdict = VerdictOf(status, epoch);
        const bool own = holder == options_.incarnation;
        if (own && verdict == Verdict::kFenced) {
          BeFenced(lock, "it was declared dead");
          return false;
        }
        if (own && verdict == Verdict::kFail) options_.fail(std::string(status.message()));
        Log(Severity::kInfo, status.message(), {{"job", options_.job_id}, {"call", "push"}, {"batch", version}});
      }
      if (layout_.epoch() != epoch) break;  // servers are others
    }
    // A copy that takes the sum under a layout has it before anybody copies it under a later one.
    if (all && applied.size() == servers.size()) {
      if (layout_.generation() != generation) return false;
      version_ = version + 1;
      sum_.reset();
      return true;
    }
    if (layout_.epoch() == epoch) {
      WaitFor(lock, pause);
      pause = std::min(2 * pause, kLongestPause);
    }
  }
  return false;
}

}  // namespace pumasi
