#include "worker/job/worker_times.h"

#include <algorithm>
#include <utility>

namespace pumasi {
namespace {

// Hands out a time from its beginning: each piece goes up to some point, unless that is past.
class Pieces {
 public:
  Pieces(absl::Duration begin, absl::Duration end) : at_(begin), end_(end) {}
  double UpTo(const std::optional<absl::Duration>& point) {
    const absl::Duration to = point ? std::clamp(*point, at_, end_) : at_;
    return absl::ToDoubleSeconds(to - std::exchange(at_, to));
  }

 private:
  absl::Duration at_;
  const absl::Duration end_;
};

// A server's times of a call that took `whole`; those that make no sense are cut.
struct Parts {
  absl::Duration wait, apply, serve;
};
Parts PartsOf(const v1::ServedTime& served, absl::Duration whole) {
  whole = std::max(whole, absl::ZeroDuration());
  Parts parts;
  parts.wait = std::min(absl::Seconds(SaneSeconds(served.wait())), whole);
  parts.apply = std::min(absl::Seconds(SaneSeconds(served.apply())), parts.wait);
  parts.serve = std::min(absl::Seconds(SaneSeconds(served.serve())), whole - parts.wait);
  return parts;
}

v1::TraceEvent EventOf(v1::Stage stage, const v1::Lease& lease) {
  v1::TraceEvent event;
  event.set_stage(stage);
  event.set_version(lease.version());
  event.set_first_part(lease.first_part());
  event.set_end_part(lease.end_part());
  event.set_evaluation(lease.kind() == v1::EVALUATE);
  return event;
}

}  // namespace

v1::Waits WaitsOf(absl::Duration idle, absl::Duration busy, const UnitTimes& unit, uint64_t self,
                  uint64_t* waited_for) {
  v1::Waits waits;
  *waited_for = 0;
  Pieces time(idle, busy);
  waits.set_lease(time.UpTo(unit.leased));
  waits.set_read(time.UpTo(unit.read));
  waits.set_pull(time.UpTo(unit.called));
  if (unit.answer_called && unit.answered) {
    const Parts parts = PartsOf(unit.served, *unit.answered - *unit.answer_called);
    // Calls before this one were sent back, since the version was not there within their deadlines. A request is small:
    // the way of the values, at the end, counts for all of the way.
    const double wait = time.UpTo(*unit.answer_called + parts.wait - parts.apply);
    waits.set_apply(time.UpTo(*unit.answer_called + parts.wait));
    waits.set_serve(time.UpTo(*unit.answer_called + parts.wait + parts.serve));
    waits.set_pull(waits.pull() + time.UpTo(unit.answered));
    if (unit.served.last_worker() == self && self != 0) {
      waits.set_push(wait);
    } else {
      waits.set_batch(wait);
      *waited_for = unit.served.last_worker();
    }
  }
  // All is there, but what was computed before could not leave.
  waits.set_push(waits.push() + time.UpTo(unit.ready));
  return waits;
}

void WorkerTimes::Stage(v1::Stage stage, const v1::Lease& lease, absl::Duration begin, absl::Duration end) {
  empty_ = false;
  stages_.Add(stage, end - begin);
  if (events_) events_->Add(EventOf(stage, lease), begin, end);
}

void WorkerTimes::Pulled(const v1::Lease& lease, const UnitTimes& unit) {
  empty_ = false;
  stages_.Add(v1::STAGE_PULL, *unit.answered - *unit.called);
  if (!events_) return;
  v1::TraceEvent event = EventOf(v1::STAGE_PULL, lease);
  const absl::Duration waited =
      *unit.answer_called - *unit.called + PartsOf(unit.served, *unit.answered - *unit.answer_called).wait;
  event.set_waited_micros(static_cast<uint64_t>(std::max<int64_t>(absl::ToInt64Microseconds(waited), 0)));
  events_->Add(std::move(event), *unit.called, *unit.answered);
}

v1::Waits WorkerTimes::Begins(absl::Duration idle, absl::Duration busy, const v1::Lease& lease, const UnitTimes& unit) {
  WasBusy(idle);
  began_ = true;
  uint64_t waited_for = 0;
  const v1::Waits waits = WaitsOf(idle, busy, unit, self_, &waited_for);
  AddWaits(waits, &waits_);
  if (waits.batch() > 0 && waited_for != 0 && (waited_for_.count(waited_for) || waited_for_.size() < kMostNamed)) {
    waited_for_[waited_for] += waits.batch();
  }
  busy_ += std::max(absl::ToDoubleSeconds(busy - idle) - SumOf(waits), 0.0);
  accounted_ = busy;
  empty_ = false;
  if (waits.lease() > 0) Stage(v1::STAGE_LEASE, lease, idle, idle + absl::Seconds(waits.lease()));
  return waits;
}

void WorkerTimes::WasBusy(absl::Duration now) {
  if (began_) busy_ += std::max(absl::ToDoubleSeconds(now - accounted_), 0.0);
  accounted_ = now;
}

void WorkerTimes::Take(absl::Duration now, v1::TimeUse* report) {
  if (empty_) return;
  reported_stages_.Add(stages_);
  stages_.Take(report->mutable_stages());
  reported_busy_ += busy_;
  AddWaits(waits_, &reported_waits_);
  report->set_busy(std::exchange(busy_, 0));
  const double waits = SumOf(waits_);
  report->set_seconds(report->busy() + waits);
  if (waits > 0) *report->mutable_waits() = std::exchange(waits_, {});
  for (const auto& [worker, seconds] : std::exchange(waited_for_, {})) {
    v1::WaitedFor* waited = report->add_waited_for();
    waited->set_worker(worker);
    waited->set_seconds(seconds);
  }
  if (events_) events_->Take(now, report);
  empty_ = !events_ || events_->empty();
}

v1::TimeUse WorkerTimes::Total() const {
  v1::TimeUse total;
  StageSums stages = reported_stages_;
  stages.Add(stages_);
  stages.Fill(total.mutable_stages());
  total.set_busy(reported_busy_ + busy_);
  *total.mutable_waits() = reported_waits_;
  AddWaits(waits_, total.mutable_waits());
  total.set_seconds(total.busy() + SumOf(total.waits()));
  return total;
}

}  // namespace pumasi
