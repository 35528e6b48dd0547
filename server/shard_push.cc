// Shard's side of pushes: parts are gathered to batches, and batches applied, slot by slot.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "ops/norm_clip.h"
#include "server/shard.h"

namespace pumasi {

absl::Status Shard::CheckAhead(const v1::PushRequest& request) const {
  for (const auto& slot : slots_) {
    if (slot == nullptr || request.version() <= slot->version()) continue;
    const bool fits = request.version() <= slot->version() + shape_->StalenessOf(slot->number());
    // Gradients that wait for a batch may not take the memory that this one needs.
    if (!fits || (memory_->limit() > 0 && !shape_->IsAsync(slot->number()))) {
      return Refuse(v1::ErrorDetail::NOT_READY, absl::StrCat("waits for ", WaitingFor()));
    }
  }
  if (memory_->limit() > 0 && shape_->async && request.version() >= EndOfBatches()) {
    return Refuse(v1::ErrorDetail::NOT_READY, absl::StrCat("waits for a checkpoint, and that for ", WaitingFor()));
  }
  return absl::OkStatus();
}

absl::Status Shard::Push(const v1::PushRequest& request, const ArrivedValues& values, v1::PushResponse* response) {
  using D = v1::ErrorDetail;
  response->set_version(LeastVersion().value_or(request.version()));
  const PartRange range{request.first_part(), request.end_part()};
  if (!IsNode(range, parts_)) {
    return Refuse(D::MALFORMED, absl::StrCat(ToString(range), " is no node of the tree over ", parts_, " parts"));
  }
  if ((shape_->async || shape_->lanes > 0) && range.size() != 1) {
    return Refuse(D::MALFORMED,
                  absl::StrCat(ToString(range), ": with consistency: async, and with elastic averaging, each part is ",
                               "pushed alone"));
  }
  if (!AllWhole()) return Refuse(D::NOT_READY, absl::StrCat("waits for ", WaitingFor()));
  if (absl::Status status = CheckAhead(request); !status.ok()) return status;
  std::vector<SlotUse> uses(shape_->slots(), SlotUse::kForeign);
  bool taken = false, partly = false;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (slots_[slot] == nullptr) continue;
    const auto coverage = slots_[slot]->Covers(request.version(), range);
    uses[slot] = coverage == PartTree::Coverage::kNone ? SlotUse::kTaken : SlotUse::kSkipped;
    taken |= coverage == PartTree::Coverage::kNone;
    partly |= coverage == PartTree::Coverage::kPartly;
  }
  const auto partly_applied = [&] {
    return Refuse(D::PARTLY_APPLIED,
                  absl::StrCat("some of ", ToString(range), " of batch ", request.version(), " was applied"));
  };
  if (!taken && partly) return partly_applied();
  if (!taken) {
    response->set_outcome(v1::PushResponse::DUPLICATE);
    return absl::OkStatus();
  }
  auto gradients = ParseGradient(request, values, *shape_, uses);
  if (!gradients.ok()) {
    return Refuse(MessageProblem(gradients.status()),
                  absl::StrCat("batch ", request.version(), ", ", ToString(range), ": ", gradients.status().message()));
  }
  std::vector<Slot::NewRows> new_rows(shape_->slots());
  if (memory_->limit() > 0) {
    int64_t growth = 0, alone = 0;
    for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
      if (uses[slot] != SlotUse::kTaken) continue;
      const Gradient& gradient = (*gradients)[slot];
      new_rows[slot] = slots_[slot]->FindNewRows(gradient);
      growth += slots_[slot]->Growth(request.version(), range, gradient, new_rows[slot]);
      alone += slots_[slot]->Growth(request.version(), {0, parts_}, gradient, new_rows[slot]);
    }
    if (absl::Status status = CheckPush(growth, static_cast<uint64_t>(alone)); !status.ok()) return status;
  }
  const RateChanges changes(request.rate_changes().begin(), request.rate_changes().end());
  const size_t known_changes = optimizers_.changes().size();
  absl::Status rates = optimizers_.Check(request.version(), changes);
  if (rates.ok()) rates = optimizers_.Take(changes);
  if (!rates.ok()) return Refuse(D::MALFORMED, std::string(rates.message()));
  if (changes.size() > known_changes) pulled_.Clear();
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (uses[slot] != SlotUse::kTaken) continue;
    slots_[slot]->Insert(request.version(), range, std::move((*gradients)[slot]), std::move(new_rows[slot]));
    ApplyIfComplete(*slots_[slot]);
  }
  response->set_version(*LeastVersion());
  if (partly) return partly_applied();
  response->set_outcome(v1::PushResponse::ACCEPTED);
  return absl::OkStatus();
}

uint64_t Shard::EndOfBatches() const {
  return cut_every_ == 0 || passed_ == UINT64_MAX ? UINT64_MAX : passed_ + cut_every_;
}

bool Shard::PassCut() {
  if (cut_every_ == 0) return false;
  const auto least = LeastPrimaryVersion();
  const uint64_t passed = least.has_value() ? *least / cut_every_ * cut_every_ : UINT64_MAX;
  if (passed == passed_) return false;
  passed_ = passed;
  const uint64_t before = applied_;
  for (const auto& slot : slots_) {
    if (slot != nullptr) ApplyIfComplete(*slot);
  }
  return applied_ != before;
}

void Shard::ApplyIfComplete(Slot& slot) {
  for (; slot.HasPartBefore(EndOfBatches()); ++applied_) slot.ApplyPart(optimizers_);
  while (slot.complete() && slot.version() < EndOfBatches()) {
    const uint64_t version = slot.version();
    ApplyBatch(slot);
    if (slot.version() == version) return;
  }
}

void Shard::ApplyBatch(Slot& slot) {
  const bool clips = optimizers_.clips_by_norm();
  if (clips && (factors_.empty() || norms_version_ != slot.version())) return;
  std::string* log = nullptr;
  if (logs_) {
    // Slots mostly apply a batch one after the other.
    if (log_.empty() || log_.back().version != slot.version()) {
      log_.push_back({slot.version(), "", std::make_shared<CountedBytes>(memory_, MemoryUse::kLog)});
    }
    log = &log_.back().records;
  }
  slot.Apply(optimizers_, clips ? factors_ : std::vector<float>(), log, &pulled_);
  if (log != nullptr) log_.back().counted->Set(log->capacity());
  ++applied_;
}

std::optional<uint64_t> Shard::waits_for_norms() const {
  if (!optimizers_.clips_by_norm()) return std::nullopt;
  std::optional<uint64_t> waits;
  for (const auto& slot : slots_) {
    if (slot != nullptr && slot->complete()) waits = std::min(waits.value_or(slot->version()), slot->version());
  }
  if (!waits.has_value()) return std::nullopt;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (roles_[slot] != SlotRole::kPrimary) continue;
    if (slots_[slot] == nullptr || slots_[slot]->version() < *waits) return std::nullopt;
    if (slots_[slot]->version() == *waits && !slots_[slot]->complete()) return std::nullopt;
  }
  return waits;
}

std::vector<ExactSum> Shard::Squares() {
  const uint64_t version = *waits_for_norms();
  std::vector<ExactSum> sums(shape_->tables.size());
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    // A slot that is past the batch was part of a round that has its answer.
    if (roles_[slot] != SlotRole::kPrimary || slots_[slot]->version() != version) continue;
    const std::vector<ExactSum>& squares = slots_[slot]->Squares();
    for (size_t table = 0; table < sums.size(); ++table) sums[table].Add(squares[table]);
  }
  return sums;
}

absl::Status Shard::ApplyNorms(uint64_t version, const std::vector<double>& squares) {
  if (version < LeastVersion().value_or(0) || (!factors_.empty() && version <= norms_version_)) return absl::OkStatus();
  for (size_t table = 0; table < shape_->tables.size(); ++table) {
    if (table < squares.size() && std::isfinite(squares[table])) continue;
    return Refuse(v1::ErrorDetail::NOT_FINITE, absl::StrCat("batch ", version, ": the gradient of ",
                                                            shape_->tables[table].name(), " has no finite norm"));
  }
  norms_version_ = version;
  factors_ = ClipFactors(optimizers_.settings(), shape_->tables, squares);
  for (const auto& slot : slots_) {
    if (slot != nullptr) ApplyIfComplete(*slot);
  }
  return absl::OkStatus();
}

}  // namespace pumasi
