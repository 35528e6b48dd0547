#include "server/hosting.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/layout/slot_roles.h"
#include "common/planted_bug.h"

namespace pumasi {

void Hosting::Assign(const v1::Assignment& assignment, absl::Duration now) {
  const v1::Layout &mine = assignment_.layout(), &next = assignment.layout();
  const bool older = std::pair(next.generation(), next.epoch()) < std::pair(mine.generation(), mine.epoch());
  if (older && next.servers_size() > 0) return;
  assignment_ = assignment;
  workers_ = {assignment.workers().begin(), assignment.workers().end()};
  fenced_ = {assignment.fenced().begin(), assignment.fenced().end()};
  ++changed_;
  Adopt(now);
  Pump(now);
}

bool Hosting::serving() const {
  switch (assignment_.state()) {
    case v1::TRAINING:
    case v1::EVALUATING:
    case v1::SAVING:
      return shard_ != nullptr && made_for_.generation == assignment_.layout().generation();
    default:
      // While tables are made workers may come early: the version that they ask for is there.
      return shard_ != nullptr && assignment_.state() == v1::ALLOCATING;
  }
}

void Hosting::Adopt(absl::Duration now) {
  const v1::Layout& layout = assignment_.layout();
  switch (assignment_.state()) {
    case v1::ALLOCATING:
      if (made_for_.generation == layout.generation() && made_for_.epoch == layout.epoch() && !made_for_.empty) break;
      DropShard();
      WishShard(/*empty=*/false);
      break;
    case v1::TRAINING:
    case v1::EVALUATING:
    case v1::SAVING:
      if (made_for_.epoch != 0 && made_for_.generation == layout.generation()) {
        AdoptLayout(now);
        break;
      }
      DropShard();
      WishShard(/*empty=*/true);
      break;
    default:
      break;
  }
}

void Hosting::AdoptLayout(absl::Duration now) {
  if (shard_ == nullptr) return;
  if (assignment_.layout().epoch() != shard_->layout_epoch()) {
    const auto before = shard_->LeastPrimaryVersion();
    const uint64_t applied = shard_->applied();
    if (absl::Status status = shard_->SetLayout(assignment_.layout()); !status.ok()) {
      TellFailure(std::string(status.message()), now);
      return;
    }
    // The scheduler sums norms anew under a new layout.
    outbox_.Withdraw(norms_ticket_);
    norms_ticket_ = 0;
    norms_due_ = now;
    ++changed_;
    // The slot that others waited for may be another server's now.
    Advanced(before, applied, now);
  }
  copies_->SetWishes(assignment_, *shard_, now);
  // (A copy that is there may have had a batch to apply.)
  ++changed_;
}

void Hosting::WishShard(bool empty) {
  ShardWish wish;
  wish.ticket = shard_ticket_ = next_ticket_++;
  wish.options.job = assignment_.job();
  wish.options.tables = {assignment_.tables().begin(), assignment_.tables().end()};
  wish.options.layout = assignment_.layout();
  wish.options.incarnation = options_.incarnation;
  wish.options.first_version = assignment_.start().version();
  wish.options.memory_limit = options_.memory_limit;
  wish.options.rate_changes = {assignment_.rate_changes().begin(), assignment_.rate_changes().end()};
  wish.options.empty = empty;
  wish.options.log = !assignment_.push_log().empty();
  if (!empty) {
    wish.resume = assignment_.resume();
    wish.push_log = assignment_.push_log();
  }
  made_for_ = {assignment_.layout().generation(), assignment_.layout().epoch(), empty};
  effects_.shards.push_back(std::move(wish));
}

void Hosting::DropShard() {
  if (snapshot_ != nullptr) {
    snapshot_->Abandon();
    snapshot_->EndCuts();
    snapshot_ = nullptr;
  }
  // Nothing that was to be told counts in another generation.
  outbox_.Clear();
  failed_ = false;
  no_room_since_ = absl::InfiniteDuration();
  // A write that hangs is still in the way.
  const uint64_t hanging = log_.hanging;
  log_ = {};
  log_.hanging = hanging;
  norms_ticket_ = ready_ticket_ = filled_ticket_ = 0;
  ready_due_ = absl::InfiniteDuration();
  filled_.clear();
  saved_ = {"", 0};
  copies_.reset();
  shard_.reset();
  shard_ticket_ = 0;
  made_for_ = {};
}

void Hosting::ShardMade(uint64_t ticket, absl::StatusOr<std::unique_ptr<Shard>> shard, absl::Duration now) {
  if (ticket == 0 || ticket != shard_ticket_) return;
  shard_ticket_ = 0;
  if (!shard.ok()) {
    TellFailure(std::string(shard.status().message()), now);
    Pump(now);
    return;
  }
  shard_ = *std::move(shard);
  copies_.emplace(options_.incarnation, ticket << 32);  // tickets of shards are used once
  ready_due_ = now;
  ++changed_;
  Adopt(now);
  if (shard_ != nullptr) copies_->SetWishes(assignment_, *shard_, now);
  Pump(now);
}

absl::Status Hosting::CheckHeader(const v1::CallHeader& header) const {
  if (!serving()) {
    return DetailedError(v1::ErrorDetail::UNAVAILABLE, absl::StrCat(options_.node, " is still making the tables"));
  }
  if (fenced_.count(header.incarnation()) && !Planted(PlantedBug::kNoFencing)) {
    return DetailedError(v1::ErrorDetail::STALE_INCARNATION,
                         "the caller was declared dead; what it was to do is others' now");
  }
  if (header.layout_epoch() == shard_->layout_epoch() || Planted(PlantedBug::kAnyLayout)) return absl::OkStatus();
  v1::ErrorDetail detail;
  detail.set_reason(v1::ErrorDetail::STALE_LAYOUT);
  detail.set_layout_epoch(shard_->layout_epoch());
  return DetailedError(detail, absl::StrCat("the call is for layout epoch ", header.layout_epoch(), ", ", options_.node,
                                            " is at ", shard_->layout_epoch()));
}

absl::Status Hosting::CheckWorker(const v1::CallHeader& header) const {
  if (absl::Status status = CheckHeader(header); !status.ok()) return status;
  if (workers_.count(header.incarnation())) return absl::OkStatus();
  if (fenced_.count(header.incarnation())) return absl::OkStatus();  // the planted bug
  return DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION,
                       absl::StrCat(options_.node, " does not know this worker yet"));
}

absl::Status Hosting::Pull(const v1::PullRequest& request, OutgoingPull* response) const {
  if (absl::Status status = CheckWorker(request.header()); !status.ok()) return status;
  // The batch before may still be on its way to the disk while this one is computed; so may those that may be missing.
  const uint64_t late = uint64_t{1} + std::min(request.staleness(), shard_->shape().staleness),
                 logged = std::max(request.version(), late) - late;
  if (absl::Status status = CheckLogged(logged); !status.ok()) return status;
  return shard_->Pull(request, response);
}

absl::Status Hosting::Push(const v1::PushRequest& request, const ArrivedValues& values, v1::PushResponse* response,
                           absl::Duration now) {
  if (absl::Status status = CheckWorker(request.header()); !status.ok()) return status;
  const auto before = shard_->LeastPrimaryVersion();
  const uint64_t applied = shard_->applied();
  absl::Status status = shard_->Push(request, values, response);
  if (status.ok()) no_room_since_ = absl::InfiniteDuration();
  const auto reason = ReasonOf(status);
  if (reason == v1::ErrorDetail::NOT_FINITE) TellFailure(std::string(status.message()), now);
  if (reason == v1::ErrorDetail::OVER_LIMIT) NoRoom(status, now);
  Advanced(before, applied, now);
  Pump(now);
  return status;
}

absl::StatusOr<v1::SlotState> Hosting::FetchSlot(const v1::FetchSlotRequest& request) const {
  if (absl::Status status = CheckHeader(request.header()); !status.ok()) return status;
  const uint32_t slot = request.slot();
  if (slot >= shard_->shape().slots() || shard_->role(slot) != SlotRole::kPrimary) {
    return DetailedError(v1::ErrorDetail::MALFORMED, absl::StrCat(options_.node, " is not the primary of slot ", slot));
  }
  if (!shard_->whole(slot)) {
    return DetailedError(v1::ErrorDetail::UNAVAILABLE, absl::StrCat(options_.node, " does not have slot ", slot));
  }
  const Slot& held = *shard_->slot(slot);
  // The new holder logs what it applies itself. Should this server be dropped next, or die, nothing before may be
  // missing.
  if (FillingOf(shard_->layout(), slot).has_value()) {
    if (absl::Status status = CheckLogged(held.version()); !status.ok()) return status;
  }
  return held.ToState(request.since(), shard_->optimizers().ChangesUpTo(held.version()));
}

bool Hosting::FetchMoved(uint64_t ticket, uint64_t bytes, absl::Duration now) {
  if (shard_ == nullptr || !copies_->Moved(ticket, bytes, now)) return false;
  Pump(now);
  return true;
}

void Hosting::Fetched(uint64_t ticket, absl::StatusOr<v1::SlotState> state, absl::Duration now) {
  if (shard_ == nullptr) return;
  const auto before = shard_->LeastPrimaryVersion();
  const uint64_t applied = shard_->applied();
  if (copies_->Fetched(ticket, std::move(state), *shard_, now)) {
    ++changed_;
    norms_due_ = now;
  }
  Advanced(before, applied, now);
  Pump(now);
}

void Hosting::Advanced(std::optional<uint64_t> before, uint64_t applied_before, absl::Duration now) {
  const uint64_t every = assignment_.job().checkpoint().every_batches();
  do {
    if (shard_->applied() == applied_before) continue;
    applied_before = shard_->applied();
    ++changed_;
    const auto version = shard_->LeastPrimaryVersion();
    // All servers come by the same version, and write what they hold there: together one cut.
    if (every > 0 && version.has_value() && version != before && *version % every == 0) BeginCheckpoint(*version, now);
    before = version;
  } while (shard_->PassCut());
}

void Hosting::Pump(absl::Duration now) {
  if (shard_ != nullptr) {
    WriteLog(now);
    AskNorms(now);
    BeginSaveIfWanted();
    copies_->Due(assignment_.job_id(), *shard_, now, &effects_.fetches);
    TellReady(now);
    TellFilled(now);
  }
  outbox_.Due(now, &effects_.tells);
}

absl::Duration Hosting::NextDeadline() const {
  absl::Duration next = outbox_.NextDeadline();
  if (shard_ == nullptr) return next;
  if (assignment_.state() == v1::ALLOCATING && ready_ticket_ == 0) next = std::min(next, ready_due_);
  if (!filled_.empty() && filled_ticket_ == 0) next = std::min(next, filled_due_);
  if (norms_ticket_ == 0 && !failed_ && serving() && shard_->waits_for_norms().has_value())
    next = std::min(next, norms_due_);
  if (log_.ticket != 0) next = std::min(next, log_.since + kLogHangs);
  return std::min(next, copies_->NextDeadline());
}

}  // namespace pumasi
