#include "scheduler/ledger.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/error_detail.h"
#include "common/planted_bug.h"

namespace pumasi {

Ledger::Batch& Ledger::At(uint64_t batch) {
  Batch& found = open_[batch];
  if (found.states.empty()) {
    found.states.assign(options_.parts, State::kTodo);
    found.undone.assign(options_.parts, 0);
    found.applied.assign(options_.parts, absl::InfiniteDuration());
    found.results.resize(options_.parts);
  }
  return found;
}

bool Ledger::HasAnother(uint64_t worker, uint64_t batch, uint32_t part) const {
  return std::any_of(leased_.begin(), leased_.end(), [&](const auto& entry) {
    const Leased& lease = entry.second;
    return lease.worker != worker && lease.batch == batch && lease.parts.first <= part && part < lease.parts.end;
  });
}

bool Ledger::AwaitsOutcome(const Batch& batch, uint32_t part, absl::Duration now) const {
  return batch.applied[part] != absl::InfiniteDuration() && now - batch.applied[part] < options_.outcome_within;
}

absl::StatusOr<Ledger::Taken> Ledger::Done(uint64_t worker, const std::string& name, uint64_t number,
                                           const v1::UnitDone& done, absl::Duration now) {
  const uint32_t first = done.parts_size() > 0 ? done.parts(0).part() : 0;
  bool fits = done.parts_size() > 0;
  for (int i = 0; fits && i < done.parts_size(); ++i) fits = done.parts(i).part() == first + static_cast<uint32_t>(i);
  const PartRange range{first, first + static_cast<uint32_t>(done.parts_size())};
  if (!fits || first >= options_.parts || !IsNode(range, options_.parts)) {
    return DetailedError(v1::ErrorDetail::MALFORMED,
                         absl::StrCat("a result of ", ToString(range), " of batch ", number, " is told; batches have ",
                                      options_.parts, " parts, and a result is of a node of their tree"));
  }
  Taken taken;
  if (number < first_open_) {
    taken.repeated = range.size();
    return taken;
  }
  const bool ahead = number >= first_open_ + options_.ahead;
  if (number >= options_.end) return taken;
  if (ahead && ahead_done_ + range.size() > options_.results_ahead) return taken;
  Batch& batch = At(number);
  bool awaits = false;
  for (const v1::PartResult& result : done.parts()) {
    const uint32_t part = result.part();
    if (batch.states[part] == State::kDone) {
      ++taken.repeated;
      if (batch.results[part].result.outcome_unknown() && !result.outcome_unknown()) {
        batch.results[part] = {result, name, done.token()};
        changed_.insert(number);
      }
      continue;
    }
    if (result.outcome_unknown() && HasAnother(worker, number, part)) {
      batch.applied[part] = std::min(batch.applied[part], now);
      if (AwaitsOutcome(batch, part, now)) {
        batch.results[part] = {result, name, done.token()};
        awaits = true;
        continue;
      }
    }
    ++taken.fresh;
    batch.states[part] = State::kDone;
    batch.results[part] = {result, name, done.token()};
  }
  batch.done += taken.fresh;
  if (ahead) ahead_done_ += taken.fresh;
  if (taken.fresh > 0) {
    batch.confusions.insert(batch.confusions.end(), done.confusions().begin(), done.confusions().end());
    changed_.insert(number);
  }
  Close(now);
  if (awaits) Return(worker, done.token());
  return taken;
}

void Ledger::GiveUpOutcomes(absl::Duration now) {
  const auto first = open_.find(first_open_);
  if (first == open_.end()) return;
  Batch& batch = first->second;
  for (uint32_t part = 0; part < options_.parts; ++part) {
    if (batch.states[part] != State::kLeased || now < batch.applied[part] + options_.outcome_within) continue;
    batch.states[part] = State::kDone;
    ++batch.done;
    changed_.insert(first_open_);
  }
  Close(now);
}

absl::Duration Ledger::OutcomesDue() const {
  absl::Duration due = absl::InfiniteDuration();
  const auto first = open_.find(first_open_);
  if (first == open_.end()) return due;
  for (uint32_t part = 0; part < options_.parts; ++part) {
    if (first->second.states[part] != State::kLeased) continue;
    due = std::min(due, first->second.applied[part] + options_.outcome_within);
  }
  return due;
}

bool Ledger::AllDone(const Leased& lease) const {
  if (lease.batch < first_open_) return true;
  const auto batch = open_.find(lease.batch);
  if (batch == open_.end()) return false;
  const auto& states = batch->second.states;
  return std::all_of(states.begin() + lease.parts.first, states.begin() + lease.parts.end,
                     [](State state) { return state == State::kDone; });
}

void Ledger::Close(absl::Duration now) {
  const uint64_t before = first_open_;
  for (auto batch = open_.begin();
       batch != open_.end() && batch->first == first_open_ && batch->second.done == options_.parts;) {
    finished_.push_back(Finish(batch->first, std::move(batch->second)));
    batch = open_.erase(batch);
    ++first_open_;
    // One batch more may be leased.
    const auto entered = open_.find(first_open_ + options_.ahead - 1);
    if (entered != open_.end()) ahead_done_ -= std::min<uint64_t>(ahead_done_, entered->second.done);
  }
  if (first_open_ != before) opened_ = now;
  std::erase_if(leased_, [&](const auto& lease) { return AllDone(lease.second); });
}

Ledger::BatchDone Ledger::Finish(uint64_t number, Batch batch) const {
  BatchDone done{number, {}, std::move(batch.confusions)};
  for (uint32_t part = 0; part < options_.parts; ++part) {
    Result& result = batch.results[part];
    v1::AuditBatch::Unit* last = done.units.empty() ? nullptr : &done.units.back();
    const bool unknown = result.result.outcome_unknown();
    if (last == nullptr || last->worker() != result.worker || last->token() != result.token ||
        last->outcome_unknown() != unknown) {
      last = &done.units.emplace_back();
      last->set_first_part(part);
      last->set_worker(result.worker);
      last->set_token(result.token);
      last->set_outcome_unknown(unknown);
    }
    last->set_end_part(part + 1);
    done.parts.push_back(std::move(result.result));
  }
  return done;
}

void Ledger::Release(std::map<uint64_t, Leased>::iterator lease) {
  Batch& batch = At(lease->second.batch);
  const auto [worker, number, range, since, copy] = lease->second;
  const uint64_t token = lease->first;
  leased_.erase(lease);
  for (uint32_t part = range.first; part < range.end; ++part) {
    if (batch.states[part] != State::kLeased) continue;
    // A copy of it may be out; where one unit lies in the other, the smaller one is what counts.
    const bool elsewhere = std::any_of(leased_.begin(), leased_.end(), [&](const auto& other) {
      return other.second.batch == number && other.second.parts.first <= part && part < other.second.parts.end;
    });
    if (elsewhere) continue;
    batch.states[part] = State::kTodo;
    batch.undone[part] = token;
  }
}

void Ledger::WorkerGone(uint64_t worker) {
  KeepOnly(worker, {});
  TakeOwn(worker, {}, /*all=*/true, absl::ZeroDuration());
}

void Ledger::Return(uint64_t worker, uint64_t token) {
  const auto lease = leased_.find(token);
  if (lease != leased_.end() && lease->second.worker == worker) Release(lease);
}

size_t Ledger::KeepOnly(uint64_t worker, const std::set<uint64_t>& tokens) {
  std::vector<uint64_t> lost;
  for (const auto& [token, lease] : leased_) {
    if (lease.worker == worker && token < kOwnTokens && !tokens.count(token)) lost.push_back(token);
  }
  for (const uint64_t token : lost) Release(leased_.find(token));
  return lost.size();
}

size_t Ledger::TakeOwn(uint64_t worker, const std::set<std::pair<uint64_t, PartRange>>& own, bool all,
                       absl::Duration now) {
  // A unit of several parts has several leases: others may have some of it.
  std::set<std::pair<uint64_t, uint32_t>> parts;
  for (const auto& [number, range] : own) {
    if (number < first_open_ || number >= options_.end) continue;
    for (uint32_t part = range.first; part < std::min(range.end, options_.parts); ++part) parts.insert({number, part});
  }
  std::vector<uint64_t> lost;
  for (auto lease = leased_.lower_bound(kOwnTokens); all && lease != leased_.end(); ++lease) {
    if (lease->second.worker == worker && !parts.count({lease->second.batch, lease->second.parts.first})) {
      lost.push_back(lease->first);
    }
  }
  for (const uint64_t token : lost) Release(leased_.find(token));
  for (const auto& [number, part] : parts) {
    State& state = At(number).states[part];
    if (state != State::kTodo) continue;
    state = State::kLeased;
    leased_[next_own_++] = {worker, number, {part, part + 1}, now, false};
  }
  return lost.size();
}

std::vector<Ledger::BatchDone> Ledger::TakeDone() { return std::exchange(finished_, {}); }

bool Ledger::Holds(uint64_t worker) const {
  return std::any_of(leased_.begin(), leased_.end(), [&](const auto& lease) { return lease.second.worker == worker; });
}

std::map<uint64_t, uint32_t> Ledger::Holding() const {
  std::map<uint64_t, uint32_t> holding;
  if (complete()) return holding;
  const auto first = open_.find(first_open_);
  const auto todo = [&](uint32_t part) { return first == open_.end() || first->second.states[part] == State::kTodo; };
  for (uint32_t part = 0; part < options_.parts; ++part) holding[0] += todo(part);
  if (holding[0] == 0) holding.erase(0);
  for (const auto& [token, lease] : leased_) {
    if (lease.batch != first_open_) continue;
    for (uint32_t part = lease.parts.first; part < lease.parts.end; ++part) {
      if (first->second.states[part] == State::kLeased) ++holding[lease.worker];
    }
  }
  return holding;
}

v1::AuditSums Ledger::OpenSums() const {
  v1::AuditSums sums;
  for (const auto& [number, batch] : open_) {
    for (uint32_t part = 0; part < options_.parts; ++part) {
      if (batch.states[part] != State::kDone) continue;
      sums.set_done(sums.done() + 1);
      sums.set_samples(sums.samples() + batch.results[part].result.samples());
      sums.set_outcome_unknown(sums.outcome_unknown() + batch.results[part].result.outcome_unknown());
    }
  }
  return sums;
}

std::map<uint64_t, std::vector<uint32_t>> Ledger::OpenParts() const {
  std::map<uint64_t, std::vector<uint32_t>> parts;
  for (const auto& [number, batch] : open_) {
    for (uint32_t part = 0; part < options_.parts; ++part) {
      if (batch.states[part] == State::kDone) parts[number].push_back(part);
    }
  }
  return parts;
}

}  // namespace pumasi
