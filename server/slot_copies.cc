#include "server/slot_copies.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/planted_bug.h"

namespace pumasi {
namespace {

// Calls that are out at a time: each holds a slot in memory, here and at its primary.
constexpr int kMostCalls = 4;
// A copy that failed, and of which nothing came for this long, is reported as failed, and tried on.
constexpr absl::Duration kPatience = absl::Seconds(5);
// So often it may begin anew after bytes had come.
constexpr int kMostBroken = 3;

}  // namespace

void SlotCopies::SetWishes(const v1::Assignment& assignment, Shard& shard, absl::Duration now) {
  const std::set<uint32_t> prefetch(assignment.prefetch().begin(), assignment.prefetch().end());
  std::map<uint32_t, Copy> wanted;
  for (uint32_t slot = 0; slot < shard.shape().slots(); ++slot) {
    const bool filling = shard.role(slot) == SlotRole::kFilling && !shard.whole(slot);
    if (!filling && !(prefetch.count(slot) && shard.role(slot) == SlotRole::kNone)) continue;
    const auto known = copies_.find(slot);
    Copy copy = known == copies_.end() ? Copy{} : std::move(known->second);
    if (known == copies_.end() || copy.filling != filling) {
      copy.due = now;
      copy.failing_since = absl::InfiniteDuration();
      copy.failures = copy.broken = 0;
      copy.pauses.Reset();
    }
    copy.filling = filling;
    if (filling && copy.aside != nullptr && Planted(PlantedBug::kReadyBeforeFilled)) {
      if (shard.TakeSlot(copy.aside, copy.changes).ok()) continue;
    }
    wanted.emplace(slot, std::move(copy));
  }
  copies_ = std::move(wanted);
}

bool SlotCopies::Moved(uint64_t ticket, uint64_t bytes, absl::Duration now) {
  for (auto& [slot, copy] : copies_) {
    if (ticket == 0 || copy.ticket != ticket) continue;
    copied_ += bytes;
    copy.moved = true;
    // One that comes halfway again and again has failed, too.
    if (copy.broken < kMostBroken) copy.failing_since = absl::InfiniteDuration();
    return true;
  }
  return false;
}

bool SlotCopies::Fetched(uint64_t ticket, absl::StatusOr<v1::SlotState> state, Shard& shard, absl::Duration now) {
  const auto found =
      std::find_if(copies_.begin(), copies_.end(), [&](const auto& entry) { return entry.second.ticket == ticket; });
  if (ticket == 0 || found == copies_.end()) return false;
  const uint32_t slot = found->first;
  Copy& copy = found->second;
  copy.ticket = 0;
  const absl::Status status = state.ok() ? Take(slot, *state, copy, shard) : state.status();
  if (status.ok()) {
    copy.failing_since = absl::InfiniteDuration();
    copy.failures = copy.broken = 0;
    copy.pauses.Reset();
    copy.due = now;
    if (!shard.whole(slot)) return false;
    copies_.erase(found);
    return true;
  }
  Failed(slot, copy, std::string(status.message()), now);
  return false;
}

void SlotCopies::Failed(uint32_t slot, Copy& copy, const std::string& why, absl::Duration now) {
  copy.error = absl::StrCat("slot ", slot, ": ", why);
  copy.failing_since = std::min(copy.failing_since, now);
  copy.due = now + copy.pauses.Next(random_());
  ++copy.failures;
  copy.broken += copy.moved;
  copy.moved = false;
}

void SlotCopies::GiveWay(absl::Duration now) {
  for (auto& [slot, copy] : copies_) {
    if (copy.filling || copy.aside == nullptr) continue;
    copy.aside = nullptr;
    Failed(slot, copy, "memory_limit leaves no room for the copy beside the gradients of a batch", now);
  }
}

absl::Status SlotCopies::Take(uint32_t number, const v1::SlotState& state, Copy& copy, Shard& shard) {
  if (state.since() != copy.asked_since || state.slot() != number || shard.whole(number)) {
    return absl::InvalidArgumentError("the answer is not what was asked for");
  }
  if (state.version() < state.since()) {
    // The slot's new primary is a batch behind the one that the copy is of: what is aside shows too much.
    copy.aside = nullptr;
    return absl::OkStatus();
  }
  std::shared_ptr<Slot> slot = state.since() == 0 ? nullptr : copy.aside;
  if (state.since() != 0 && slot == nullptr) {
    return absl::InvalidArgumentError("there is no copy that the answer could add to");
  }
  if (state.since() == 0) copy.aside = nullptr;  // the whole comes in its place
  // About what it will take: before it is made.
  const uint64_t bytes = state.ByteSizeLong(), known = slot == nullptr ? 0 : slot->all_bytes();
  if (absl::Status status = shard.CheckCopy(bytes - std::min(bytes, known)); !status.ok()) return status;
  if (slot == nullptr) slot = shard.NewSlot(number);
  copy.aside = nullptr;
  if (absl::Status status = slot->TakeState(state); !status.ok()) return status;
  const RateChanges changes(state.rate_changes().begin(), state.rate_changes().end());
  if (copy.filling && copy.asked_filling) return shard.TakeSlot(std::move(slot), changes);
  if (absl::Status status = shard.CheckCopy(0); !status.ok()) return status;
  copy.aside = std::move(slot);
  copy.changes = changes;
  return absl::OkStatus();
}

void SlotCopies::Due(const std::string& job_id, const Shard& shard, absl::Duration now, std::vector<FetchWish>* out) {
  seen_ = now;
  int calls = 0;
  for (const auto& [slot, copy] : copies_) calls += copy.ticket != 0;
  // What the job waits for comes first.
  for (const bool filling : {true, false}) {
    for (auto& [slot, copy] : copies_) {
      const bool needed = copy.filling == filling && (copy.filling || copy.aside == nullptr);
      if (!needed || copy.ticket != 0 || copy.due > now || calls >= kMostCalls) continue;
      const v1::Layout& layout = shard.layout();
      FetchWish wish;
      wish.ticket = copy.ticket = next_ticket_++;
      copy.moved = false;
      wish.address = layout.servers(layout.slot_owner(slot)).address();
      // With async what another primary applied since then, in its order, can't be told from steps.
      const bool all = copy.aside == nullptr || shard.shape().IsAsync(slot);
      copy.asked_since = all ? 0 : copy.aside->version();
      copy.asked_filling = copy.filling;
      wish.request.mutable_header()->set_job_id(job_id);
      wish.request.mutable_header()->set_layout_epoch(layout.epoch());
      wish.request.mutable_header()->set_incarnation(incarnation_);
      wish.request.set_slot(slot);
      wish.request.set_since(copy.asked_since);
      out->push_back(std::move(wish));
      ++calls;
    }
  }
}

absl::Duration SlotCopies::NextDeadline() const {
  absl::Duration next = absl::InfiniteDuration();
  // What was due at the last Due waits for something else than time.
  const auto take = [&](absl::Duration due) {
    if (due > seen_) next = std::min(next, due);
  };
  for (const auto& [slot, copy] : copies_) {
    if (copy.failures == 0) continue;
    take(copy.failing_since + kPatience);
    if (copy.ticket == 0) take(copy.due);
  }
  return next;
}

bool SlotCopies::ShallReport(const Copy& copy, absl::Duration now) {
  return copy.failures > 0 && now - copy.failing_since >= kPatience;
}

std::optional<v1::ReportFilledRequest> SlotCopies::Report(const v1::Assignment& assignment, const Shard& shard,
                                                          absl::Duration now) const {
  v1::ReportFilledRequest report;
  bool fills = false;  // with bytes that come
  for (uint32_t slot = 0; slot < shard.shape().slots(); ++slot) {
    const auto copy = copies_.find(slot);
    if (copy == copies_.end()) {
      if (shard.role(slot) == SlotRole::kFilling && shard.whole(slot)) report.add_filled(slot);
      if (shard.role(slot) != SlotRole::kNone && !shard.whole(slot)) {
        report.add_failed(slot);
        report.set_error(absl::StrCat("slot ", slot, " was never here"));
      }
      continue;
    }
    if (copy->second.aside != nullptr && !copy->second.filling) report.add_prefetched(slot);
    if (copy->second.filling && copy->second.ticket != 0 && copy->second.moved) fills = true;
    if (ShallReport(copy->second, now)) {
      report.add_failed(slot);
      report.set_error(copy->second.error);
    }
  }
  if (report.prefetched().empty() && report.filled().empty() && report.failed().empty() && !fills) return std::nullopt;
  report.set_copied_bytes(copied_);
  report.set_incarnation(incarnation_);
  report.set_job_id(assignment.job_id());
  report.set_layout_epoch(shard.layout_epoch());
  return report;
}

}  // namespace pumasi
