// Ledger: who gets which unit.
#include <algorithm>
#include <bit>
#include <limits>

#include "common/planted_bug.h"
#include "scheduler/ledger.h"

namespace pumasi {

std::vector<Ledger::Unit> Ledger::Lease(uint64_t worker, uint32_t most, uint32_t share, uint64_t* next_token,
                                        absl::Duration now, uint32_t from) {
  // A unit is a node of the tree of parts, as large as the worker's share: each push carries all dense values.
  const uint32_t grain = std::bit_floor(std::min(share, options_.most_parts));
  return LeaseWithin({{from, options_.parts}, {0, from}}, worker, most, share, grain, next_token, now);
}

std::vector<Ledger::Unit> Ledger::LeaseShare(uint64_t worker, uint32_t most, PartRange share, uint64_t* next_token,
                                             absl::Duration now) {
  // What it holds of other parts, from an earlier share, it gives back.
  const uint32_t parts = share.size() == 0 ? 0 : options_.parts;
  return LeaseWithin({share}, worker, most, parts, std::bit_floor(share.size()), next_token, now);
}

std::vector<Ledger::Unit> Ledger::LeaseWithin(const std::vector<PartRange>& spans, uint64_t worker, uint32_t most,
                                              uint32_t share, uint32_t grain, uint64_t* next_token,
                                              absl::Duration now) {
  std::vector<Unit> units;
  if (share == 0) return units;
  const uint64_t horizon = options_.end - first_open_ < options_.ahead ? options_.end : first_open_ + options_.ahead;
  uint64_t total = 0;
  std::map<uint64_t, uint32_t> parts_held;  // by batch
  for (const auto& [token, lease] : leased_) {
    if (lease.worker != worker) continue;
    ++total;
    parts_held[lease.batch] += lease.parts.size();
  }
  for (uint64_t number = first_open_; number < horizon && (number == first_open_ || total < most); ++number) {
    uint32_t& held = parts_held[number];
    Batch& batch = At(number);
    for (const PartRange& span : spans) {
      uint32_t part = span.first;
      while (part < span.end && held < share && (number == first_open_ || total < most)) {
        if (batch.states[part] != State::kTodo) {
          ++part;
          continue;
        }
        uint32_t end = part;
        while (end < span.end && batch.states[end] == State::kTodo && batch.undone[end] == batch.undone[part]) ++end;
        const PartRange range = LargestNode(part, end, std::min(grain, share - held), options_.parts);
        const bool early = Planted(PlantedBug::kEarlyDone);
        std::fill(batch.states.begin() + range.first, batch.states.begin() + range.end,
                  early ? State::kDone : State::kLeased);
        if (early) batch.done += range.size();
        const uint64_t token = (*next_token)++;
        leased_[token] = {worker, number, range, now, false};
        units.push_back({token, number, range});
        held += range.size();
        ++total;
        part = range.end;
      }
    }
  }
  if (Planted(PlantedBug::kEarlyDone)) Close(now);
  return units;
}

std::optional<Ledger::Unit> Ledger::LeaseLate(uint64_t worker, uint32_t copies, absl::Duration late,
                                              absl::Duration at_least, uint64_t* next_token, absl::Duration now) {
  uint32_t out = 0;
  for (const auto& [token, lease] : leased_) out += lease.copy;
  if (out >= copies || Holds(worker)) return std::nullopt;
  auto oldest = leased_.end();
  absl::Duration oldest_since;
  for (auto lease = leased_.begin(); lease != leased_.end(); ++lease) {
    if (lease->second.batch != first_open_ || lease->second.copy) continue;
    const absl::Duration since = std::max(lease->second.since, opened_);
    if (now - since <= std::max(late * lease->second.parts.size(), at_least)) continue;
    if (AwaitsOutcome(At(first_open_), lease->second.parts.first, now)) continue;
    const bool copied = std::any_of(leased_.begin(), leased_.end(), [&](const auto& other) {
      return other.second.copy && other.second.batch == first_open_ && other.second.parts == lease->second.parts;
    });
    if (copied || (oldest != leased_.end() && since >= oldest_since)) continue;
    oldest = lease;
    oldest_since = since;
  }
  if (oldest == leased_.end()) return std::nullopt;
  const Unit unit{(*next_token)++, oldest->second.batch, oldest->second.parts};
  leased_[unit.token] = {worker, unit.batch, unit.parts, now, true};
  return unit;
}

std::optional<Ledger::Unit> Ledger::LeaseProbe(uint64_t worker, uint64_t* next_token, absl::Duration now) {
  if (Holds(worker)) return std::nullopt;
  const Leased* smallest = nullptr;
  for (const auto& [token, lease] : leased_) {
    if (lease.copy) continue;
    if (smallest == nullptr || lease.parts.size() < smallest->parts.size()) smallest = &lease;
  }
  if (smallest == nullptr) return std::nullopt;
  const Unit unit{(*next_token)++, smallest->batch, smallest->parts};
  leased_[unit.token] = {worker, unit.batch, unit.parts, now, true};
  return unit;
}

}  // namespace pumasi
