// WorkCore's units: from a lease to their end.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/layout/ring_group.h"
#include "common/planted_bug.h"
#include "worker/job/verdict.h"
#include "worker/job/work_core.h"

namespace pumasi {
namespace {

constexpr size_t kReading = 2;
// One of them may be pulled already, and waits for the one that is computed.
constexpr size_t kPulls = 2;
// Computed, and waiting for those that are pushed.
constexpr size_t kWaitForPush = 2;
constexpr size_t kPushes = 2;

PartRange PartsOf(const v1::Lease& lease) { return {lease.first_part(), lease.end_part()}; }

}  // namespace

uint64_t WorkCore::Add(v1::Lease lease, uint64_t parent, absl::Duration now) {
  const uint64_t number = next_unit_++;
  if (lease.kind() == v1::TRAIN) share_.Has(lease.version(), PartsOf(lease));
  Unit unit;
  unit.lease = std::move(lease);
  unit.parent = parent;
  unit.leased = now;
  order_[KeyOf(number, unit)] = number;
  units_.emplace(number, std::move(unit));
  return number;
}

WorkCore::Unit* WorkCore::Find(uint64_t number) {
  const auto found = units_.find(number);
  return found == units_.end() ? nullptr : &found->second;
}

size_t WorkCore::Count(Stage stage) const {
  return std::count_if(units_.begin(), units_.end(), [&](const auto& entry) { return entry.second.stage == stage; });
}

template <typename Start>
void WorkCore::StartInOrder(Stage from, Stage in, Stage also, size_t most, Start start) {
  size_t there = Count(in) + (also == in ? 0 : Count(also));
  uint64_t first = UINT64_MAX;  // version of those that are there
  for (const auto& [number, unit] : units_) {
    if (unit.stage == in || unit.stage == also) first = std::min(first, unit.lease.version());
  }
  for (const auto& [key, number] : order_) {
    Unit& unit = units_.at(number);
    if (unit.stage != from || unit.lease.generation() > layout_.generation()) continue;
    if (there >= most && unit.lease.version() >= first) return;
    start(number, unit);
    first = std::min(first, unit.lease.version());
    ++there;
  }
}

void WorkCore::StartUnits(absl::Duration now) {
  // From the end to the start: each stage makes room for the one before it.
  StartInOrder(Stage::kComputed, Stage::kPushing, Stage::kPushing, ring_ ? SIZE_MAX : kPushes,
               [&](uint64_t, Unit& unit) { BeginRound(unit, Stage::kPushing, now); });
  if (computing_ == 0) {
    StartInOrder(Stage::kPulled, Stage::kComputed, Stage::kComputed, kWaitForPush, [&](uint64_t number, Unit& unit) {
      if (computing_ != 0) return;
      computing_ = number;
      unit.stage = Stage::kComputing;
      effects_.push_back(Compute{number});
    });
  }
  StartInOrder(Stage::kRead, Stage::kPulling, Stage::kPulled, kPulls,
               [&](uint64_t, Unit& unit) { BeginRound(unit, Stage::kPulling, now); });
  for (const auto& [key, number] : order_) {
    Unit& unit = units_.at(number);
    if (reading_ >= kReading) break;
    if (unit.stage != Stage::kLeased) continue;
    unit.stage = Stage::kReading;
    ++reading_;
    effects_.push_back(Read{number, unit.lease, unit.leased});
  }
}

void WorkCore::ReadDone(uint64_t number, const absl::Status& status, absl::Duration now) {
  if (fenced_) return;
  if (reading_ > 0) --reading_;
  if (Unit* unit = Find(number); unit != nullptr && unit->stage == Stage::kReading) {
    last_move_ = now;
    if (!status.ok()) Fail(std::string(status.message()), now);
    if (status.ok()) unit->stage = Stage::kRead;
  }
  Advance(now);
}

void WorkCore::ComputeDone(uint64_t number, absl::StatusOr<v1::UnitDone> done, absl::Duration now) {
  if (fenced_ || number != computing_) return;
  computing_ = 0;
  if (Unit* unit = Find(number); unit != nullptr && unit->stage == Stage::kComputing) {
    last_move_ = now;
    if (!done.ok()) {
      Fail(std::string(done.status().message()), now);
    } else {
      unit->done = *std::move(done);
      unit->stage = Stage::kComputed;
      if (unit->lease.kind() != v1::TRAIN) {
        Finish(number);
      } else if (Planted(PlantedBug::kReportBeforePush)) {
        AddResult(*unit);
      }
    }
  }
  Advance(now);
}

void WorkCore::AddResult(const Unit& unit) {
  v1::UnitDone done = unit.done;
  done.set_token(unit.lease.token());
  done.set_kind(unit.lease.kind());
  done.set_generation(unit.lease.generation());
  done.set_epoch(unit.lease.epoch());
  done.set_batch(unit.lease.batch());
  done.set_version(unit.lease.version());
  reports_.AddDone(std::move(done));
}

void WorkCore::Finish(uint64_t number) {
  Unit& unit = units_.at(number);
  if (unit.parent == 0) {
    AddResult(unit);
    Erase(number);
    return;
  }
  const uint64_t parent_number = unit.parent;
  Unit& parent = units_.at(parent_number);
  for (v1::PartResult& part : *unit.done.mutable_parts()) *parent.done.add_parts() = std::move(part);
  parent.done.set_seconds(parent.done.seconds() + unit.done.seconds());
  Erase(number);
  if (--parent.leaves > 0) return;
  // Leaves finish in any order; a result lists its parts in theirs.
  std::sort(parent.done.mutable_parts()->begin(), parent.done.mutable_parts()->end(),
            [](const v1::PartResult& a, const v1::PartResult& b) { return a.part() < b.part(); });
  Finish(parent_number);
}

void WorkCore::FinishUnknown(uint64_t number) {
  Unit& unit = units_.at(number);
  if (unit.lease.token() == 0 && unit.parent == 0) {
    // Nobody waits for it. Whoever computed it may still be able to tell what came out.
    Erase(number);
    return;
  }
  unit.done.Clear();
  for (uint32_t part = unit.lease.first_part(); part < unit.lease.end_part(); ++part) {
    v1::PartResult* result = unit.done.add_parts();
    result->set_part(part);
    result->set_samples(plan_.Part(unit.lease.batch(), part).size());
    result->set_outcome_unknown(true);
  }
  Finish(number);
}

void WorkCore::Split(uint64_t number) {
  Unit& unit = units_.at(number);
  unit.stage = Stage::kSplit;
  unit.done.Clear();
  unit.leaves = unit.lease.end_part() - unit.lease.first_part();
  effects_.push_back(Drop{number});
  v1::Lease leaf = unit.lease;
  leaf.clear_token();
  for (uint32_t part = unit.lease.first_part(); part < unit.lease.end_part(); ++part) {
    leaf.set_first_part(part);
    leaf.set_end_part(part + 1);
    Add(leaf, number, unit.leased);
  }
}

void WorkCore::GiveBack(uint64_t number) {
  if (const uint64_t parent = units_.at(number).parent; parent != 0) return GiveBack(parent);
  std::vector<uint64_t> leaves;
  for (const auto& [other, unit] : units_) {
    if (unit.parent == number) leaves.push_back(other);
  }
  for (const uint64_t leaf : leaves) Erase(leaf);
  const v1::Lease& lease = units_.at(number).lease;
  if (lease.token() > 0) reports_.AddReturned(lease.token());
  if (lease.kind() == v1::TRAIN) share_.HasNot(lease.version(), PartsOf(lease));
  Erase(number);
}

void WorkCore::Erase(uint64_t number) {
  const auto unit = units_.find(number);
  if (unit->second.stage != Stage::kSplit) effects_.push_back(Drop{number});
  order_.erase(KeyOf(number, unit->second));
  units_.erase(unit);
}

void WorkCore::LeaveToOthers() {
  const PartRange share = RingShare(layout_, options_.incarnation, plan_.parts);
  std::vector<uint64_t> others;
  for (const auto& [number, unit] : units_) {
    const PartRange parts = PartsOf(unit.lease);
    const bool ours = share.first <= parts.first && parts.end <= share.end;
    const bool computed = unit.stage == Stage::kComputed || unit.stage == Stage::kPushing;
    if (unit.lease.kind() == v1::TRAIN && !ours && !computed) others.push_back(number);
  }
  for (const uint64_t number : others) GiveBack(number);
}

void WorkCore::DropBefore(uint64_t generation) {
  std::vector<uint64_t> dropped;
  for (const auto& [number, unit] : units_) {
    if (unit.lease.generation() < generation) dropped.push_back(number);
  }
  for (const uint64_t number : dropped) Erase(number);
}

void WorkCore::Fail(const std::string& message, absl::Duration now) {
  DropBefore(UINT64_MAX);
  failure_ = message;
  next_failure_ = now;
}

void WorkCore::Fence() {
  DropBefore(UINT64_MAX);
  fenced_ = true;
  effects_.push_back(Fenced{});
}

}  // namespace pumasi
