// JobRun and its work: epochs, their evaluations, and who gets which unit of them.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/averaging.h"
#include "common/consistency.h"
#include "common/error_detail.h"
#include "common/planted_bug.h"
#include "scheduler/job_run.h"

namespace pumasi {
namespace {

// Test rows of one evaluation unit.
constexpr uint64_t kEvaluationRows = 256;
// Evaluation units that may be out at a time.
constexpr uint64_t kEvaluationAhead = 1024;

// A worker that is too slow for any share gets a copy of a unit every so many batches: it may be faster by now.
constexpr uint64_t kProbeBatches = 20;
// A unit is late after so many times the mean time of its parts, and not before kLateAtLeast.
constexpr double kLate = 2;
constexpr absl::Duration kLateAtLeast = absl::Milliseconds(100);
// Parts of the first open batch that nobody has had for so long go to whoever asks, beyond its share.
constexpr absl::Duration kNobody = absl::Seconds(1);

}  // namespace

void JobRun::StartTraining(absl::Duration now) {
  const auto cut = cuts_.find(start_.version());
  if (cut != cuts_.end() && cut->second.at_end()) {
    record_.Continue(now);
    return EndEpoch(now);
  }
  if (LacksEvaluation()) {
    --epoch_;
    StartEvaluation(now);
  } else if (epoch_ >= job_.epochs()) {
    Enter(v1::SAVING, now);
  } else {
    // The sums of what was done of the epoch stay.
    StartEpoch(/*from_cut=*/true, now);
  }
}

Ledger::Options JobRun::LedgerOptions() const {
  if (state_ == v1::EVALUATING) {
    const uint64_t chunks = (data_.test_rows() + kEvaluationRows - 1) / kEvaluationRows;
    return {0, chunks, 1, static_cast<uint32_t>(std::min(chunks, kEvaluationAhead))};
  }
  const uint64_t batches = plan_.BatchesPerEpoch();
  Ledger::Options options = {std::max(epoch_ * batches, start_.version()), (epoch_ + 1) * batches, job_.micro_batches(),
                             Averages(job_) ? kRoundsAhead : kBatchesAhead + StalenessOf(job_)};
  // Each part is an update of its own, or has parameters of its own.
  if (IsAsync(job_) || IsElastic(job_)) options.most_parts = 1;
  return options;
}

void JobRun::StartEpoch(bool from_cut, absl::Duration now) {
  Enter(v1::TRAINING, now);
  Ledger::Options options = LedgerOptions();
  options.first = std::max(options.first, version_);
  ledger_.emplace(options, now);
  ledger_is_new_ = true;
  if (from_cut) {
    record_.Continue(now);
  } else {
    record_.StartEpoch(now);
  }
}

void JobRun::EndEpoch(absl::Duration now) {
  record_.EndEpoch(epoch_, now);
  if (data_.test_rows() == 0) return AfterEpoch(now);
  StartEvaluation(now);
}

void JobRun::StartEvaluation(absl::Duration now) {
  Enter(v1::EVALUATING, now);
  ledger_.emplace(LedgerOptions(), now);
  ledger_is_new_ = true;
}

void JobRun::AfterEpoch(absl::Duration now) {
  ++epoch_;
  if (epoch_ < job_.epochs()) return StartEpoch(/*from_cut=*/false, now);
  ledger_.reset();
  ledger_is_new_ = true;
  Enter(v1::SAVING, now);
}

absl::Status JobRun::TakeResults(const v1::LeaseUnitsRequest& request, absl::Duration now) {
  if (ended()) return absl::OkStatus();
  const auto worker = workers_.find(request.incarnation());
  if (worker == workers_.end()) {
    return fenced_.count(request.incarnation())
               ? DetailedError(v1::ErrorDetail::STALE_INCARNATION, "this worker was declared dead")
               : DetailedError(v1::ErrorDetail::UNKNOWN_INCARNATION, absl::StrCat("job ", id(), " has no such worker"));
  }
  if (request.lane_batches() > worker->second.lane_batches) {
    worker->second.lane_batches = request.lane_batches();
    last_progress_ = now;
  }
  if (request.has_use()) record_.AddUse(worker->second.node, request.use(), now);
  if (request.done_size() > 0 || request.returned_size() > 0) ++work_change_;
  // One that makes no sense is refused by itself: the worker tells none of them again.
  absl::Status refused;
  for (const v1::UnitDone& done : request.done()) {
    absl::Status status = TakeUnit(worker->second.node, done, now);
    if (status.ok() || !refused.ok()) continue;
    Warn(absl::StrCat(NodeInWords(worker->second.node), " told a result that counts for nothing: ", status.message()));
    refused = std::move(status);
  }
  TakeOwn(request, now);
  if (!request.more_results()) to_hear_.erase(request.incarnation());
  LookAtHearing(now);
  if (!ledger_) return refused;
  for (const uint64_t token : request.returned()) ledger_->Return(request.incarnation(), token);
  if (request.hold_at_most() > 0) {
    const size_t lost = ledger_->KeepOnly(request.incarnation(), {request.held().begin(), request.held().end()});
    if (lost > 0) ++work_change_;
  }
  TakeBatches(now);
  return refused;
}

void JobRun::TakeOwn(const v1::LeaseUnitsRequest& request, absl::Duration now) {
  if (!ledger_ || state_ != v1::TRAINING) return;
  std::set<std::pair<uint64_t, PartRange>> own;
  for (const auto& parts : request.own()) {
    if (parts.generation() != layout_.generation()) continue;
    own.insert({parts.version(), {parts.first_part(), parts.end_part()}});
  }
  // What it does not list it has finished, or dropped; results that it still has to tell say which.
  const size_t lost = ledger_->TakeOwn(request.incarnation(), own, !request.more_results(), now);
  if (lost > 0) ++work_change_;
}

absl::Status JobRun::TakeUnit(const v1::Node& worker, const v1::UnitDone& done, absl::Duration now) {
  const bool old = done.generation() != layout_.generation() && !Planted(PlantedBug::kOldGenerationCounts);
  const bool known = std::none_of(done.parts().begin(), done.parts().end(),
                                  [](const v1::PartResult& part) { return part.outcome_unknown(); });
  if (!known && hearing()) {
    unknown_.emplace_back(worker, done);
    return absl::OkStatus();
  }
  const bool train = done.kind() == v1::TRAIN;
  const bool wanted = train ? state_ == v1::TRAINING : state_ == v1::EVALUATING && done.epoch() == epoch_;
  if (old || !ledger_ || !wanted) {
    ++repeated_results_;
    return absl::OkStatus();
  }
  const uint64_t open = ledger_->first_open();
  const absl::Duration opened = done.version() == open  ? ledger_->opened()
                                : done.version() > open ? now
                                                        : -absl::InfiniteDuration();
  auto taken = ledger_->Done(worker.incarnation(), worker.name(), train ? done.version() : done.batch(), done, now);
  if (!taken.ok()) return taken.status();
  if (taken->fresh > 0) {
    last_progress_ = now;
  } else if (taken->repeated > 0) {
    ++repeated_results_;
    if (Planted(PlantedBug::kResultCountedTwice) && train) {
      record_.AddBatch({done.version(), {done.parts().begin(), done.parts().end()}, {}});
      for (const v1::PartResult& part : done.parts()) audit_.set_samples(audit_.samples() + part.samples());
      audit_.set_done(audit_.done() + taken->repeated);
    }
  }
  if (train && known) {
    const auto parts = static_cast<uint32_t>(done.parts_size());
    speeds_.Done(worker.incarnation(), done.version(), parts, done.seconds(), opened, now);
  }
  // Later results of the same report may belong to what comes next.
  TakeBatches(now);
  return absl::OkStatus();
}

void JobRun::TakeBatches(absl::Duration now) {
  if (!ledger_) return;
  const auto done = ledger_->TakeDone();
  if (done.empty()) return;
  ++change_;
  for (const auto& batch : done) {
    if (state_ != v1::TRAINING) {
      record_.AddEvaluation(batch);
      continue;
    }
    record_.AddBatch(batch);
    record_.BatchEnded(now);
    v1::AuditBatch& audit = audits_[batch.batch];
    audit.set_version(batch.batch);
    audit.set_generation(layout_.generation());
    audit.set_parts(job_.micro_batches());
    *audit.mutable_units() = {batch.units.begin(), batch.units.end()};
    audit_.set_done(audit_.done() + batch.parts.size());
    for (const v1::PartResult& part : batch.parts) {
      audit_.set_samples(audit_.samples() + part.samples());
      audit_.set_outcome_unknown(audit_.outcome_unknown() + part.outcome_unknown());
    }
    version_ = batch.batch + 1;
    const uint64_t every = job_.checkpoint().every_batches();
    const bool checkpoint = every > 0 && version_ % every == 0 && version_ > gathered_;
    if (checkpoint || has_log()) RememberCut(version_, now);
  }
  if (ledger_->complete()) {
    if (state_ == v1::TRAINING) {
      EndEpoch(now);
    } else {
      record_.EndEvaluation(epoch_);
      ObserveTestLoss(record_.last_test_loss());
      AfterEpoch(now);
    }
  }
  LookAtCheckpoints(now);
}

std::vector<Ledger::Unit> JobRun::ChooseUnits(uint64_t incarnation, Worker& worker, uint32_t hold_at_most,
                                              uint64_t* next_token, absl::Duration now) {
  if (state_ == v1::EVALUATING) return ledger_->Lease(incarnation, hold_at_most, 1, next_token, now);
  if (ReducesByRing(job_)) return ChooseRingUnits(incarnation, hold_at_most, next_token, now);
  std::vector<uint64_t> ready;
  for (const auto& [other, entry] : workers_) {
    if (entry.prepared && !entry.draining) ready.push_back(other);
  }
  const std::map<uint64_t, uint32_t> quotas = speeds_.Quotas(ready, job_.micro_batches());
  // Where a part has data of its own, workers keep to theirs, as long as their quotas stay.
  uint32_t share = 0, from = 0;
  for (const auto& [other, quota] : quotas) {
    if (other == incarnation) share = quota;
    if (other < incarnation && job_.split() == v1::SPLIT_EPOCH) from += quota;
  }
  auto units = ledger_->Lease(incarnation, hold_at_most, share, next_token, now, from);
  if (!units.empty() || ledger_->Holds(incarnation)) return units;
  if (now - ledger_->opened() > kNobody) {
    units = ledger_->Lease(incarnation, 0, job_.micro_batches(), next_token, now);  // of the first open batch alone
  }
  std::optional<Ledger::Unit> copy;
  if (units.empty() && job_.backup_workers() > 0) {
    const absl::Duration late = absl::Seconds(kLate * speeds_.MeanSecondsPerPart().value_or(0));
    copy = ledger_->LeaseLate(incarnation, job_.backup_workers(), late, kLateAtLeast, next_token, now);
  }
  if (units.empty() && !copy && share == 0 && ledger_->first_open() >= worker.probed + kProbeBatches) {
    copy = ledger_->LeaseProbe(incarnation, next_token, now);
    if (copy) worker.probed = ledger_->first_open();
  }
  if (copy) units.push_back(*copy);
  return units;
}

absl::StatusOr<v1::LeaseUnitsResponse> JobRun::Lease(uint64_t incarnation, uint32_t hold_at_most, uint64_t* next_token,
                                                     absl::Duration now) {
  v1::LeaseUnitsResponse response;
  response.set_state(state_);
  const auto worker = workers_.find(incarnation);
  if (!ledger_ || worker == workers_.end() || !worker->second.prepared) return response;
  // One that is drained leaves a ring with the layout that gives its share to others.
  if (worker->second.draining && !(ReducesByRing(job_) && state_ == v1::TRAINING)) return response;
  if (hearing()) return response;
  const auto units = ChooseUnits(incarnation, worker->second, hold_at_most, next_token, now);
  for (const Ledger::Unit& unit : units) {
    if (state_ == v1::TRAINING) speeds_.Leased(incarnation, unit.batch, now);
    AddLease(unit, &response);
  }
  leases_given_ += units.size();
  if (Planted(PlantedBug::kEarlyDone)) TakeBatches(now);
  return response;
}

void JobRun::AddLease(const Ledger::Unit& unit, v1::LeaseUnitsResponse* response) const {
  v1::Lease* lease = response->add_leases();
  lease->set_token(unit.token);
  lease->set_epoch(epoch_);
  lease->set_first_part(unit.parts.first);
  lease->set_end_part(unit.parts.end);
  lease->set_generation(layout_.generation());
  if (state_ == v1::TRAINING) {
    lease->set_kind(v1::TRAIN);
    lease->set_version(unit.batch);
    lease->set_batch(plan_.BatchOf(unit.batch));
    *lease->mutable_rate_changes() = {rate_changes_.begin(), rate_changes_.end()};
  } else {
    lease->set_kind(v1::EVALUATE);
    lease->set_version(version_);
    lease->set_batch(unit.batch);
    lease->set_first_row(unit.batch * kEvaluationRows);
    lease->set_end_row(std::min((unit.batch + 1) * kEvaluationRows, data_.test_rows()));
  }
}

}  // namespace pumasi
