#include "worker/job/work_core.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "common/averaging.h"
#include "common/consistency.h"
#include "common/error_detail.h"
#include "common/job_mode.h"
#include "common/layout/ring_group.h"
#include "common/layout/slot_roles.h"
#include "common/planted_bug.h"
#include "worker/job/verdict.h"

namespace pumasi {
namespace {

// The scheduler's silence, and nothing moving here, after which the worker goes on by itself.
constexpr absl::Duration kSilence = absl::Seconds(1);
constexpr absl::Duration kStill = absl::Milliseconds(250);
// An answer without leases that came sooner was not waited for at the scheduler: do not ask again at once.
constexpr absl::Duration kSoon = absl::Milliseconds(100);
// A call costs scheduler and worker more than what a result needs of it. While there is work of which the scheduler
// knows, results wait for one another: so many, and so long after the last report was sent.
constexpr size_t kReportTogether = 2;
constexpr absl::Duration kReportPause = absl::Milliseconds(20);
constexpr absl::Duration kFailAgain = absl::Seconds(2);
// A scheduler that was started again waits for all workers to call.
constexpr BackoffPolicy kToScheduler = {.first = absl::Milliseconds(50), .longest = absl::Milliseconds(200)};

}  // namespace

WorkCore::WorkCore(const Options& options)
    : options_(options), random_(options.seed), lease_backoff_(kToScheduler), report_backoff_(kToScheduler) {}

void WorkCore::SetAssignment(const v1::Assignment& assignment, absl::Duration now) {
  if (fenced_) return;
  state_ = assignment.state();
  plan_ = PlanOf(assignment.job(), assignment.data().train_rows());
  stall_timeout_ = absl::Seconds(assignment.job().stall_timeout());
  averages_ = Averages(assignment.job());
  elastic_ = IsElastic(assignment.job());
  staleness_ = pumasi::StalenessOf(assignment.job());
  ring_ = ReducesByRing(assignment.job());
  if (!ring_) {
    share_.SetWorkers({assignment.sharing().begin(), assignment.sharing().end()}, options_.incarnation, plan_,
                      staleness_);
  }
  const v1::Layout& layout = assignment.layout();
  const bool newer = std::pair(layout.generation(), layout.epoch()) > std::pair(layout_.generation(), layout_.epoch());
  if (layout.slot_owner_size() > 0 && (newer || layout_.slot_owner_size() == 0)) {
    const v1::Layout before = std::exchange(layout_, layout);
    holders_ = HoldersOf(layout_);
    if (layout_.generation() > before.generation()) {
      share_.Reset();
      alone_ = untold_ = false;
      failure_.clear();
      if (Planted(PlantedBug::kKeepsUnitsOverGeneration)) {
        for (auto& [number, unit] : units_) unit.lease.set_generation(layout_.generation());
      } else {
        reports_.Clear();
        DropBefore(layout_.generation());
      }
    }
    if (ring_) LeaveToOthers();
    RestartRounds(before, now);
  }
  if (ring_) share_.SetWorkers(RingSharers(layout_), options_.incarnation, plan_);
  const bool starts_anew = state_ == v1::RECOVERING || state_ == v1::ALLOCATING;
  if (starts_anew && !Planted(PlantedBug::kKeepsUnitsOverGeneration)) DropBefore(layout_.generation() + 1);
  if (layout_.generation() == layout.generation()) share_.Applied(assignment.start().version());
  Advance(now);
}

void WorkCore::LeaseAnswer(const absl::StatusOr<v1::LeaseUnitsResponse>& answer, absl::Duration now) {
  if (fenced_ || !lease_called_) return;
  const absl::Duration called = *std::exchange(lease_called_, std::nullopt);
  Heard(answer.status(), called, now);
  const bool empty = !answer.ok() || answer->leases().empty();
  if (empty && (!answer.ok() || now - called < kSoon)) {
    next_lease_ = now + lease_backoff_.Next(random_());
  } else {
    lease_backoff_.Reset();
    next_lease_ = now;
  }
  if (answer.ok()) {
    std::set<uint64_t> held;
    for (const auto& [number, unit] : units_) held.insert(unit.lease.token());
    for (const v1::Lease& lease : answer->leases()) {
      if (lease.generation() < layout_.generation() || lease.token() == 0 || held.count(lease.token()) > 0) continue;
      Add(lease, 0, now);
      if (lease.generation() == layout_.generation()) share_.Leased(lease);
    }
  }
  Advance(now);
}

void WorkCore::ReportAnswer(uint64_t id, const absl::Status& status, absl::Duration now) {
  if (fenced_ || !report_called_ || id != report_id_) return;
  const absl::Duration called = *std::exchange(report_called_, std::nullopt);
  Heard(status, called, now);
  const bool again = !status.ok() && ReportAgain(status);
  reports_.Ended(!again);
  if (!again && report_is_all_) untold_ = false;
  if (again) {
    next_report_ = now + report_backoff_.Next(random_());
  } else {
    report_backoff_.Reset();
    next_report_ = now;
  }
  Advance(now);
}

void WorkCore::Heard(const absl::Status& status, absl::Duration called, absl::Duration now) {
  if (ReasonOf(status) == v1::ErrorDetail::STALE_INCARNATION) return Fence();
  if (!status.ok() && IsSilence(status)) {
    // What ran into its deadline was never heard; a connection that broke may have broken just now.
    if (!silent_since_) silent_since_ = absl::IsDeadlineExceeded(status) ? called : now;
    return;
  }
  silent_since_.reset();
  alone_ = false;
}

void WorkCore::Tick(absl::Duration now) { Advance(now); }

std::vector<WorkEffect> WorkCore::TakeEffects() { return std::exchange(effects_, {}); }

void WorkCore::Advance(absl::Duration now) {
  if (fenced_) return;
  if (!failure_.empty()) {
    if (now < next_failure_) return;
    next_failure_ = now + kFailAgain;
    effects_.push_back(FailJob{failure_});
    return;
  }
  WorkAlone(now);
  StartUnits(now);
  CallServers(now);
  if (!failure_.empty()) return;
  SendReports(now);
  AskForLeases(now);
}

bool WorkCore::leases_wanted() const {
  // Alone, reports show as well that the scheduler is back; and it should know what is done before it gives that out
  // again.
  const bool reports_first = reports_.size() >= ReportQueue::kMost || alone_;
  return (state_ == v1::TRAINING || state_ == v1::EVALUATING) && layout_.slot_owner_size() > 0 && !reports_first;
}

void WorkCore::AskForLeases(absl::Duration now) {
  if (lease_called_ || now < next_lease_ || !leases_wanted()) return;
  CallLease call;
  call.request.set_incarnation(options_.incarnation);
  call.request.set_job_id(options_.job_id);
  call.request.set_hold_at_most(options_.leases);
  for (const auto& [number, unit] : units_) {
    if (unit.lease.token() > 0) call.request.add_held(unit.lease.token());
  }
  for (const uint64_t token : reports_.tokens()) call.request.add_held(token);
  AddOwn(&call.request);
  call.request.set_lane_batches(lane_batches_);
  // Also those on their way: this call may be there before them.
  call.request.set_more_results(!reports_.empty());
  lease_called_ = now;
  effects_.push_back(std::move(call));
}

void WorkCore::SendReports(absl::Duration now) {
  if (report_called_ || now < next_report_ || (reports_.empty() && !untold_)) return;
  if (now < report_sent_ + kReportPause && ReportsMayWait()) return;
  report_sent_ = now;
  Report report;
  report.id = ++report_id_;
  report.request = reports_.Take();
  report.request.set_incarnation(options_.incarnation);
  report.request.set_job_id(options_.job_id);
  AddOwn(&report.request);
  // By the time this one is answered other parts may have been begun: the next one tells.
  if (alone_) report.request.set_more_results(true);
  report_is_all_ = !report.request.more_results();
  report_called_ = now;
  effects_.push_back(std::move(report));
}

bool WorkCore::ReportsMayWait() const {
  if (alone_ || untold_ || reports_.size() >= kReportTogether || reports_.has_returned()) return false;
  return std::any_of(units_.begin(), units_.end(), [](const auto& entry) {
    return entry.second.lease.token() > 0 && entry.second.stage < Stage::kComputed;
  });
}

void WorkCore::AddOwn(v1::LeaseUnitsRequest* request) const {
  for (const auto& [number, unit] : units_) {
    if (unit.lease.token() > 0 || unit.parent != 0 || unit.lease.kind() != v1::TRAIN) continue;
    auto* own = request->add_own();
    own->set_generation(unit.lease.generation());
    own->set_version(unit.lease.version());
    own->set_first_part(unit.lease.first_part());
    own->set_end_part(unit.lease.end_part());
  }
}

bool WorkCore::Idle() const {
  return std::none_of(units_.begin(), units_.end(), [](const auto& entry) {
    const Stage stage = entry.second.stage;
    return stage == Stage::kLeased || stage == Stage::kReading || stage == Stage::kComputing;
  });
}

void WorkCore::WorkAlone(absl::Duration now) {
  if (state_ != v1::TRAINING || !silent_since_ || now - *silent_since_ < kSilence) return;
  if (!alone_ && (!Idle() || (!units_.empty() && now - last_move_ < kStill) || !share_.Next())) return;
  alone_ = untold_ = true;
  size_t own = std::count_if(units_.begin(), units_.end(), [](const auto& entry) {
    return entry.second.lease.token() == 0 && entry.second.parent == 0;
  });
  for (; own < options_.leases && reports_.size() + own < options_.most_results; ++own) {
    auto lease = share_.Next();
    if (!lease) return;
    lease->set_generation(layout_.generation());
    Add(*std::move(lease), 0, now);
  }
}

absl::Duration WorkCore::NextDeadline() const {
  absl::Duration next = absl::InfiniteDuration();
  const auto by = [&](absl::Duration time) { next = std::min(next, time); };
  if (fenced_) return next;
  if (!failure_.empty()) return next_failure_;
  for (const auto& [number, unit] : units_) {
    if (unit.stage != Stage::kPulling && unit.stage != Stage::kPushing) continue;
    by(unit.give_up);
    by(unit.round.NextDue());
  }
  if (!report_called_ && (!reports_.empty() || untold_)) {
    by(ReportsMayWait() ? std::max(next_report_, report_sent_ + kReportPause) : next_report_);
  }
  if (!lease_called_ && leases_wanted()) by(next_lease_);
  if (silent_since_ && !alone_ && state_ == v1::TRAINING && Idle() && share_.Next()) {
    by(std::max(*silent_since_ + kSilence, units_.empty() ? *silent_since_ : last_move_ + kStill));
  }
  return next;
}

}  // namespace pumasi
