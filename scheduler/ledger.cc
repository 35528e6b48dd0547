#include "scheduler/ledger.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"

namespace pumasi {

std::vector<Ledger::Unit> Ledger::Lease(uint64_t worker, uint32_t most, uint32_t workers, uint64_t* next_token) {
  std::vector<Unit> units;
  workers = std::max(workers, 1u);
  const uint32_t share = (options_.parts + workers - 1) / workers;
  // A unit is a node of the tree of parts, as large as still gives every worker one.
  const uint32_t grain = std::bit_floor(std::max(1u, options_.parts / workers));
  const uint64_t horizon = std::min(options_.end, first_open_ + options_.ahead);
  uint64_t total = 0;
  for (const auto& [token, lease] : leased_) total += lease.worker == worker;
  for (uint64_t number = first_open_; number < horizon && (number == first_open_ || total < most); ++number) {
    while (open_.size() <= number - first_open_) {
      open_.push_back({std::vector<State>(options_.parts, State::kTodo),
                       std::vector<uint64_t>(options_.parts),
                       std::vector<v1::PartResult>(options_.parts),
                       {},
                       0});
    }
    uint32_t held = 0;
    for (const auto& [token, lease] : leased_) {
      if (lease.worker == worker && lease.batch == number) held += lease.parts.size();
    }
    auto& states = At(number).states;
    const auto& undone = At(number).undone;
    uint32_t part = 0;
    while (part < options_.parts && held < share && (number == first_open_ || total < most)) {
      if (states[part] != State::kTodo) {
        ++part;
        continue;
      }
      uint32_t end = part;
      while (end < options_.parts && states[end] == State::kTodo && undone[end] == undone[part]) ++end;
      const PartRange range = LargestNode(part, end, std::min(grain, share - held), options_.parts);
      std::fill(states.begin() + range.first, states.begin() + range.end, State::kLeased);
      const uint64_t token = (*next_token)++;
      leased_[token] = {worker, number, range};
      units.push_back({token, number, range});
      held += range.size();
      ++total;
      part = range.end;
    }
  }
  return units;
}

absl::Status Ledger::Done(uint64_t worker, const v1::UnitDone& done) {
  const auto lease = leased_.find(done.token());
  if (lease == leased_.end() || lease->second.worker != worker) {
    return DetailedError(v1::ErrorDetail::STALE_LEASE, absl::StrCat("lease ", done.token(), " has ended"));
  }
  const PartRange range = lease->second.parts;
  bool fits = done.parts_size() == static_cast<int>(range.size());
  for (int i = 0; fits && i < done.parts_size(); ++i) fits = done.parts(i).part() == range.first + i;
  if (!fits) {
    return DetailedError(v1::ErrorDetail::MALFORMED,
                         absl::StrCat("lease ", done.token(), " is of ", ToString(range), "; the result is of others"));
  }
  Batch& batch = At(lease->second.batch);
  for (const v1::PartResult& result : done.parts()) {
    batch.states[result.part()] = State::kDone;
    batch.results[result.part()] = result;
  }
  batch.confusions.insert(batch.confusions.end(), done.confusions().begin(), done.confusions().end());
  batch.done += range.size();
  leased_.erase(lease);
  while (!open_.empty() && open_.front().done == options_.parts) {
    finished_.push_back({first_open_, std::move(open_.front().results), std::move(open_.front().confusions)});
    open_.pop_front();
    ++first_open_;
  }
  return absl::OkStatus();
}

void Ledger::Release(std::map<uint64_t, Leased>::iterator lease) {
  Batch& batch = At(lease->second.batch);
  const PartRange range = lease->second.parts;
  std::fill(batch.states.begin() + range.first, batch.states.begin() + range.end, State::kTodo);
  std::fill(batch.undone.begin() + range.first, batch.undone.begin() + range.end, lease->first);
  leased_.erase(lease);
}

void Ledger::WorkerGone(uint64_t worker) { KeepOnly(worker, {}); }

void Ledger::Return(uint64_t worker, uint64_t token) {
  const auto lease = leased_.find(token);
  if (lease != leased_.end() && lease->second.worker == worker) Release(lease);
}

void Ledger::KeepOnly(uint64_t worker, const std::set<uint64_t>& tokens) {
  for (auto lease = leased_.begin(); lease != leased_.end();) {
    const auto next = std::next(lease);
    if (lease->second.worker == worker && !tokens.count(lease->first)) Release(lease);
    lease = next;
  }
}

std::vector<Ledger::BatchDone> Ledger::TakeDone() {
  std::vector<BatchDone> done;
  done.swap(finished_);
  return done;
}

std::map<uint64_t, uint32_t> Ledger::Holding() const {
  std::map<uint64_t, uint32_t> holding;
  if (complete()) return holding;
  uint32_t rest = options_.parts - (open_.empty() ? 0 : open_.front().done);
  for (const auto& [token, lease] : leased_) {
    if (lease.batch != first_open_) continue;
    holding[lease.worker] += lease.parts.size();
    rest -= lease.parts.size();
  }
  if (rest > 0) holding[0] = rest;
  return holding;
}

}  // namespace pumasi
