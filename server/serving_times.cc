#include "server/serving_times.h"

#include <algorithm>
#include <utility>

namespace pumasi {
namespace {

v1::TraceEvent EventOf(uint64_t version) {
  v1::TraceEvent event;
  event.set_version(version);
  return event;
}

v1::TraceEvent EventOf(const v1::PushRequest& request) {
  v1::TraceEvent event = EventOf(request.version());
  event.set_first_part(request.first_part());
  event.set_end_part(request.end_part());
  return event;
}

}  // namespace

void ServingTimes::Trace(bool on) {
  if (!on) {
    events_.reset();
  } else if (!events_) {
    events_.emplace();
  }
}

void ServingTimes::Stage(v1::Stage stage, const v1::TraceEvent& event, absl::Duration begin, absl::Duration end,
                         bool busy) {
  if (!since_) since_ = begin;
  stages_.Add(stage, end - begin);
  if (busy) busy_ += std::max(absl::ToDoubleSeconds(end - begin), 0.0);
  if (!events_) return;
  v1::TraceEvent staged = event;
  staged.set_stage(stage);
  events_->Add(std::move(staged), begin, end);
}

void ServingTimes::Served(const v1::PullRequest& request, absl::Duration begin, absl::Duration end) {
  Stage(v1::STAGE_SERVE, EventOf(request.version()), begin, end, true);
}

void ServingTimes::Took(const v1::PushRequest& request, std::optional<uint64_t> version, absl::Duration begin,
                        absl::Duration end) {
  last_push_ = request.header().incarnation();
  Stage(version ? v1::STAGE_APPLY : v1::STAGE_TAKE, EventOf(request), begin, end, true);
  if (version) Reached(*version, begin, end);
}

void ServingTimes::Applied(uint64_t version, absl::Duration begin, absl::Duration end) {
  Stage(v1::STAGE_APPLY, EventOf(std::max<uint64_t>(version, 1) - 1), begin, end, true);
  Reached(version, begin, end);
}

void ServingTimes::Reached(uint64_t version, absl::Duration begin, absl::Duration end) {
  version_ = version;
  reached_ = end;
  took_ = end - begin;
  last_worker_ = last_push_;
}

void ServingTimes::Wrote(v1::Stage stage, uint64_t version, absl::Duration begin, absl::Duration end) {
  Stage(stage, EventOf(version), begin, end, false);
}

void ServingTimes::Answered(const v1::PullRequest& request, absl::Duration received, absl::Duration now,
                            v1::ServedTime* time) {
  const bool waited = version_ == request.version() && reached_ > received;
  const absl::Duration there = waited ? std::min(reached_, now) : received;
  if (waited) {
    time->set_wait(static_cast<float>(absl::ToDoubleSeconds(there - received)));
    time->set_apply(static_cast<float>(absl::ToDoubleSeconds(std::min(took_, there - received))));
    time->set_last_worker(last_worker_);
    Stage(v1::STAGE_WAIT, EventOf(request.version()), received, there, false);
  }
  time->set_serve(static_cast<float>(std::max(absl::ToDoubleSeconds(now - there), 0.0)));
}

std::optional<v1::TimeUse> ServingTimes::Take(absl::Duration now) {
  if (!since_ && (!events_ || events_->empty())) return std::nullopt;
  v1::TimeUse report;
  reported_stages_.Add(stages_);
  stages_.Take(report.mutable_stages());
  reported_busy_ += busy_;
  const absl::Duration begin = reported_.value_or(since_.value_or(now));
  report.set_seconds(std::max(absl::ToDoubleSeconds(now - begin), 0.0));
  report.set_busy(std::exchange(busy_, 0));
  if (events_) events_->Take(now, &report);
  reported_ = now;
  since_.reset();
  return report;
}

v1::TimeUse ServingTimes::Total() const {
  v1::TimeUse total;
  StageSums stages = reported_stages_;
  stages.Add(stages_);
  stages.Fill(total.mutable_stages());
  total.set_busy(reported_busy_ + busy_);
  return total;
}

}  // namespace pumasi
