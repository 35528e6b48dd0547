#include "tests/simulation/invariants.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/averaging.h"
#include "common/error_detail.h"
#include "common/job_mode.h"
#include "common/layout/slot_roles.h"

namespace pumasi::sim {
namespace {

uint64_t Bits(PartRange parts) {
  uint64_t bits = 0;
  for (uint32_t part = parts.first; part < parts.end; ++part) bits |= uint64_t{1} << part;
  return bits;
}

}  // namespace

Invariants::Applied Invariants::AppliedOf(const Slot& slot) const {
  Applied applied{slot.version(), {}};
  for (uint64_t version = slot.version(); version <= slot.version() + StalenessOf(scenario_.job); ++version) {
    uint64_t parts = 0;
    for (uint32_t part = 0; part < scenario_.job.micro_batches(); ++part) {
      if (slot.Covers(version, {part, part + 1}) == PartTree::Coverage::kWhole) parts |= uint64_t{1} << part;
    }
    if (parts != 0) applied.parts[version] = parts;
  }
  return applied;
}

void Invariants::LookAtLayout(const v1::Layout& layout, const std::string& who) {
  if (layout.epoch() == 0) return;
  const auto [known, fresh] = layouts_.emplace(layout.epoch(), layout);
  if (!fresh && known->second.SerializeAsString() != layout.SerializeAsString()) {
    world_.Fail(absl::StrCat("two layouts of epoch ", layout.epoch(), "; one is known to ", who));
  }
}

void Invariants::ServerChanged(ServerNode& server) {
  const v1::Layout& layout = server.hosting()->assignment().layout();
  if (uint64_t& looked_at = looked_at_[&server]; looked_at != layout.epoch()) {
    looked_at = layout.epoch();
    LookAtLayout(layout, server.name());
  }
  if (server.TakeChanged()) LookAtSlots(server);
}

void Invariants::LookAtSlots(const ServerNode& server) {
  const Shard* shard = server.hosting()->shard();
  if (shard == nullptr) return;
  const uint64_t generation = shard->layout().generation();
  for (uint32_t number = 0; number < SlotsInLayout(scenario_.job); ++number) {
    if (shard->role(number) == SlotRole::kNone || !shard->whole(number)) continue;
    const Applied now = AppliedOf(*shard->slot(number));
    const auto [entry, fresh] = applied_.emplace(CopyKey{generation, server.incarnation(), number}, now);
    Applied& before = entry->second;
    if (!fresh && now == before) continue;
    // Of what is new, the batches in progress.
    for (const auto& [version, parts] : now.parts) {
      for (uint32_t part = 0; part < scenario_.job.micro_batches(); ++part) {
        const bool is_new = parts >> part & 1 && (fresh || !before.Has(version, uint64_t{1} << part));
        if (is_new && computed_.count({generation, version, part}) == 0) {
          world_.Fail(absl::StrCat(server.name(), ", slot ", number, " has applied part ", part, " of batch ", version,
                                   ", which nobody computed in generation ", generation));
        }
      }
    }
    const bool less = std::any_of(before.parts.begin(), before.parts.end(),
                                  [&](const auto& entry) { return !now.Has(entry.first, entry.second); });
    if (!fresh && (now.version < before.version || less)) {
      // It was dropped and copied again from a copy that is behind: never less than what was promised, which is checked
      // where promises are made.
      world_.Trace(server.name(), " slot ", number, " went back from ", before.version, " to ", now.version);
    }
    before.version = std::max(before.version, now.version);
    for (const auto& [version, parts] : now.parts) before.parts[version] |= parts;
    before.parts.erase(before.parts.begin(), before.parts.lower_bound(before.version));
  }
  CompareCopies(server, turn_++ % SlotsInLayout(scenario_.job));
}

void Invariants::CompareCopies(const ServerNode& server, uint32_t number) {
  // One that is being filled may get another push of a unit than the primary, from whoever computed it again.
  if (!scenario_.same_bits()) return;
  const Shard* shard = server.hosting()->shard();
  if (shard->role(number) == SlotRole::kNone || !shard->whole(number)) return;
  const Slot& slot = *shard->slot(number);
  const Applied applied = AppliedOf(slot);
  for (const ServerNode* other : servers_) {
    if (other == &server || other->hosting() == nullptr || other->hosting()->shard() == nullptr) continue;
    if (other->hosting()->assignment().job_id() != server.hosting()->assignment().job_id()) continue;
    const Shard* theirs = other->hosting()->shard();
    if (theirs->layout().generation() != shard->layout().generation() || theirs->role(number) == SlotRole::kNone ||
        !theirs->whole(number)) {
      continue;
    }
    const Slot& copy = *theirs->slot(number);
    const Applied also = AppliedOf(copy);
    if (also != applied) continue;
    v1::SlotState left = slot.ToState(0, {}), right = copy.ToState(0, {});
    if (!left.has_before() || !right.has_before()) {
      left.clear_before();
      right.clear_before();
    }
    if (left.SerializeAsString() != right.SerializeAsString()) {
      world_.Fail(absl::StrCat("slot ", number, " differs between ", server.name(), " and ", other->name(),
                               " at version ", applied.version));
      world_.Trace("one is ", world_.tracing() ? left.ShortDebugString() : "");
      world_.Trace("the other is ", world_.tracing() ? right.ShortDebugString() : "");
    }
  }
}

std::optional<uint32_t> Invariants::LaneOf(PartRange parts) const {
  return IsElastic(scenario_.job) && parts.size() > 0 ? std::optional(parts.first) : std::nullopt;
}

void Invariants::Computes(const Node& worker, uint64_t generation, uint64_t version, PartRange parts,
                          const Parameters& seen) {
  const std::string what = parts.size() == 0 ? "an evaluation" : ToString(parts);
  const uint32_t may_be_missing = parts.size() == 0 ? 0 : StalenessOf(scenario_.job);
  const uint64_t least = version - std::min<uint64_t>(version, may_be_missing);
  // Dense tensors that lie apart lack nothing.
  const bool apart = may_be_missing > 0 && KindsLieApart(scenario_.job);
  const std::string wrong = may_be_missing > 0 ? reference_.CompareCounts(least, apart ? version : least, seen)
                                               : reference_.Compare(version, seen, LaneOf(parts));
  if (!wrong.empty()) {
    world_.Fail(absl::StrCat(worker.name(), " computes ", what, " of batch ", version, " in generation ", generation,
                             " with wrong parameters: ", wrong));
  }
  uint64_t& last = last_computed_[generation];
  last = std::max(last, version);
  for (uint32_t part = parts.first; part < parts.end; ++part) {
    if (!computed_.insert({generation, version, part}).second && only_the_process_dies() &&
        twice_.count({generation, version, part}) == 0 && ++in_vain_ > scenario_.job.micro_batches()) {
      world_.Fail(absl::StrCat(worker.name(), " computes part ", part, " of batch ", version,
                               " once more, though nobody but the scheduler died; so ", in_vain_, " parts"));
    }
  }
  if (least > 0 && !OnSomeLayout(generation, least - 1, Bits({0, scenario_.job.micro_batches()}))) {
    world_.Fail(absl::StrCat(worker.name(), " computes ", what, " of batch ", version, " in generation ", generation,
                             ", while some copies have not applied batch ", least - 1));
  }
  if (apart && version > 0 &&
      !OnSomeLayout(generation, version - 1, Bits({0, scenario_.job.micro_batches()}), scenario_.job.slots())) {
    world_.Fail(absl::StrCat(worker.name(), " computes ", what, " of batch ", version, " in generation ", generation,
                             ", while some dense tensors lack batch ", version - 1));
  }
}

void Invariants::Leases(const v1::Lease& lease) {
  if (!only_the_process_dies() || lease.kind() != v1::TRAIN) return;
  for (uint32_t part = lease.first_part(); part < lease.end_part(); ++part) {
    const std::tuple key(lease.generation(), lease.version(), part);
    if (!leased_.insert(key).second) twice_.insert(key);
  }
}

void Invariants::SchedulerDied() {
  twice_.insert(leased_.begin(), leased_.end());
  leased_.clear();
}

bool Invariants::OnSomeLayout(uint64_t generation, uint64_t version, uint64_t parts, uint32_t from) const {
  for (auto layout = layouts_.rbegin(); layout != layouts_.rend(); ++layout) {
    if (layout->second.generation() == generation && OnAllCopies(layout->second, version, parts, from)) return true;
  }
  return false;
}

bool Invariants::OnAllCopies(const v1::Layout& layout, uint64_t version, uint64_t parts, uint32_t from) const {
  for (int slot = static_cast<int>(from); slot < layout.slot_owner_size(); ++slot) {
    for (const uint32_t holder : HoldersOf(layout, static_cast<uint32_t>(slot))) {
      const uint64_t incarnation = layout.servers(static_cast<int>(holder)).incarnation();
      const auto copy = applied_.find({layout.generation(), incarnation, static_cast<uint32_t>(slot)});
      if (copy == applied_.end() || !copy->second.Has(version, parts)) return false;
    }
  }
  return true;
}

void Invariants::Reports(const Node& worker, const v1::UnitDone& done) {
  if (done.kind() != v1::TRAIN) return;
  uint64_t parts = 0;
  for (const v1::PartResult& part : done.parts()) parts |= uint64_t{1} << part.part();
  uint64_t& reported = reported_[{done.generation(), done.version()}];
  if ((parts & ~reported) == 0) return;
  reported |= parts;
  if (OnSomeLayout(done.generation(), done.version(), parts)) return;
  world_.Fail(absl::StrCat(worker.name(), " reports parts ", parts, " (bits) of batch ", done.version(),
                           " in generation ", done.generation(), ", which some copies lack"));
}

void Invariants::JobChanged(const JobRun& job, bool durable) {
  if (job.state() == v1::FAILED || job.state() == v1::CANCELLED) {
    if (resume(job)) return;
    return world_.Fail(absl::StrCat("job ", job.id(), " ended: ", job.Status(absl::ZeroDuration()).message()));
  }
  // What is not durable a crash may undo: nobody has heard of it.
  if (durable) LookAtProgress(job.layout().generation(), job.audited_end());
  if (job.state() == v1::DONE && durable) done_ = true;
}

void Invariants::LookAtReturn(uint64_t generation, uint64_t version) {
  if (!scenario_.has_log()) {
    if (version == 0 || completed_.count(version) > 0) return;
    return world_.Fail(absl::StrCat("generation ", generation, " begins at version ", version,
                                    ", of which there is no complete checkpoint"));
  }
  const auto last = last_computed_.find(generation_);
  if (log_failed_ || last == last_computed_.end()) return;
  // A part of a batch is only computed once the log has all batches up to the last but one before it.
  if (version + 1 + StalenessOf(scenario_.job) >= std::min(version_ + 1, last->second)) return;
  world_.Fail(absl::StrCat("generation ", generation, " begins at version ", version, ", the one before got to ",
                           version_, ", computed parts of batch ", last->second, ", and has a log"));
}

void Invariants::LookAtProgress(uint64_t generation, uint64_t version) {
  if (generation != generation_) {
    // While it recovers the job still says what the generation before came to.
    if (generation < generation_) world_.Fail(absl::StrCat("generation ", generation, " comes after ", generation_));
    LookAtReturn(generation, version);
    generation_ = generation;
    version_ = version;
    return;
  }
  const uint64_t all = Bits({0, scenario_.job.micro_batches()});
  for (; version_ < version; ++version_) {
    const auto reported = reported_.find({generation, version_});
    if (reported == reported_.end() || reported->second != all) {
      world_.Fail(absl::StrCat("the scheduler counts batch ", version_, " as done in generation ", generation,
                               ", of which not all parts were reported"));
    }
  }
  // After a power loss it may know less.
  version_ = version;
}

}  // namespace pumasi::sim
