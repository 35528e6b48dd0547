// Ledger and its records.
#include <algorithm>
#include <utility>

#include "scheduler/ledger.h"

namespace pumasi {

void Ledger::Save(v1::JobProgressRecord* record) const {
  record->set_has_ledger(true);
  record->set_first_open(first_open_);
  record->set_end(options_.end);
  for (const auto& [token, lease] : leased_) {
    auto* saved = record->add_leases();
    saved->set_token(token);
    saved->set_worker(lease.worker);
    saved->set_batch(lease.batch);
    saved->set_first_part(lease.parts.first);
    saved->set_end_part(lease.parts.end);
    saved->set_copy(lease.copy);
  }
  for (const auto& [number, batch] : open_) {
    v1::JobProgressRecord::Undone* last = nullptr;
    for (uint32_t part = 0; part < options_.parts; ++part) {
      const uint64_t token = batch.undone[part];
      if (token == 0) continue;
      if (last == nullptr || last->token() != token || last->end_part() != part) {
        last = record->add_undone();
        last->set_batch(number);
        last->set_first_part(part);
        last->set_token(token);
      }
      last->set_end_part(part + 1);
    }
  }
}

std::map<uint64_t, std::optional<v1::OpenBatchRecord>> Ledger::TakeChangedBatches() {
  std::map<uint64_t, std::optional<v1::OpenBatchRecord>> changed;
  for (const uint64_t number : std::exchange(changed_, {})) {
    auto& record = changed[number];
    const auto batch = open_.find(number);
    if (batch == open_.end()) continue;
    record.emplace();
    for (uint32_t part = 0; part < options_.parts; ++part) {
      if (batch->second.states[part] != State::kDone) continue;
      const Result& result = batch->second.results[part];
      auto* saved = record->add_results();
      *saved->mutable_result() = result.result;
      saved->set_worker(result.worker);
      saved->set_token(result.token);
    }
    *record->mutable_confusions() = {batch->second.confusions.begin(), batch->second.confusions.end()};
  }
  return changed;
}

void Ledger::Restore(const v1::JobProgressRecord& record, const std::map<uint64_t, v1::OpenBatchRecord>& batches,
                     absl::Duration now) {
  first_open_ = std::clamp(record.first_open(), options_.first, options_.end);
  opened_ = now;
  for (const auto& [number, saved] : batches) {
    if (number < first_open_ || number >= options_.end) continue;
    Batch& batch = At(number);
    for (const auto& result : saved.results()) {
      const uint32_t part = result.result().part();
      if (part >= options_.parts || batch.states[part] == State::kDone) continue;
      batch.states[part] = State::kDone;
      batch.results[part] = {result.result(), result.worker(), result.token()};
      ++batch.done;
    }
    batch.confusions.assign(saved.confusions().begin(), saved.confusions().end());
    if (number >= first_open_ + options_.ahead) ahead_done_ += batch.done;
  }
  for (const auto& undone : record.undone()) {
    if (undone.batch() < first_open_ || undone.batch() >= options_.end) continue;
    if (undone.token() >= kOwnTokens) next_own_ = std::max(next_own_, undone.token() + 1);
    auto& tokens = At(undone.batch()).undone;
    for (uint32_t part = undone.first_part(); part < std::min(undone.end_part(), options_.parts); ++part) {
      tokens[part] = undone.token();
    }
  }
  for (const auto& lease : record.leases()) {
    const PartRange range{lease.first_part(), std::min(lease.end_part(), options_.parts)};
    if (lease.batch() < first_open_ || lease.batch() >= options_.end || range.first >= range.end) continue;
    auto& states = At(lease.batch()).states;
    for (uint32_t part = range.first; part < range.end; ++part) {
      if (states[part] == State::kTodo) states[part] = State::kLeased;
    }
    if (lease.token() >= kOwnTokens) next_own_ = std::max(next_own_, lease.token() + 1);
    leased_[lease.token()] = {lease.worker(), lease.batch(), range, now, lease.copy()};
  }
  Close(now);
}

}  // namespace pumasi
