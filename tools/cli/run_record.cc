#include "tools/cli/run_record.h"

#include <algorithm>
#include <cmath>

#include "common/message_json.h"
#include "tools/cli/job_report.h"
#include "tools/cli/metrics.h"

namespace pumasi {
namespace {

constexpr absl::Duration kLook = absl::Seconds(1);

bool Trains(const v1::JobStatus& status) { return status.state() == v1::TRAINING || status.state() == v1::EVALUATING; }

// Updates of the parameters in this run: an epoch's last batch may be smaller.
uint64_t Steps(const v1::Job& job, const v1::JobStatus& status) {
  uint64_t steps = 0;
  const uint64_t batch = std::max(1u, job.batch());
  for (const v1::EpochSummary& epoch : status.epochs_done()) steps += (epoch.samples() + batch - 1) / batch;
  return steps;
}

// Evaluations of the epochs that this run trained, with the training time and the samples until then.
Json TestsJson(const v1::JobStatus& status) {
  Json tests = Json::array();
  double seconds = 0;
  uint64_t samples = 0;
  for (const v1::EpochSummary& epoch : status.epochs_done()) {
    seconds += epoch.seconds();
    samples += epoch.samples();
    for (const v1::Evaluation& evaluation : status.evaluations()) {
      if (evaluation.epoch() != epoch.epoch()) continue;
      tests.push_back({{"seconds", seconds},
                       {"samples", samples},
                       {"loss", evaluation.loss()},
                       {"metric", MainMetricOf(evaluation.loss(), evaluation.accuracy(), status.loss())}});
    }
  }
  return tests;
}

}  // namespace

void RunRecord::See(const v1::JobStatus& status) {
  while (!curve_.empty() && curve_.back().samples > status.samples()) curve_.pop_back();
  const uint64_t before = curve_.empty() ? 0 : curve_.back().samples;
  const uint64_t step = Ended(status.state()) ? 1 : least_step_;
  if (status.samples() < before + step || !std::isfinite(status.recent_loss())) return;
  curve_.push_back({status.train_seconds(), status.samples(), status.recent_loss()});
  if (curve_.size() <= kMostPoints) return;
  std::vector<Point> half;
  for (size_t i = 1; i < curve_.size(); i += 2) half.push_back(curve_[i]);
  if (half.back().samples != curve_.back().samples) half.push_back(curve_.back());
  curve_ = std::move(half);
  least_step_ = std::max<uint64_t>(1, curve_.back().samples / (kMostPoints / 2));
}

bool RunRecord::WantsProcesses(const v1::JobStatus& status, absl::Duration now) const {
  return (Trains(status) && !first_) || now - last_look_ >= kLook;
}

void RunRecord::SeeProcesses(const v1::JobStatus& status, absl::Duration now,
                             const std::map<std::string, ProcessUse>& processes) {
  last_look_ = now;
  CpuTime all{now, 0};
  for (const auto& [name, use] : processes) {
    peak_bytes_[name] = std::max(peak_bytes_[name], use.peak_bytes);
    all.seconds += use.cpu_seconds;
  }
  if (!Trains(status)) return;
  if (!first_) first_ = all;
  last_ = all;
}

Json RunRecord::ToJson(const v1::Job& job, const v1::JobStatus& status, double wall_seconds, double cores) const {
  Json json;
  json["job"] = Json::parse(MessageToJson(job), nullptr, false);
  json["result"] = JobJson(status, wall_seconds);
  json["steps"] = Steps(job, status);
  json["metric"] = status.evaluations().empty() ? "" : MainMetric(status.loss());
  json["tests"] = TestsJson(status);
  Json curve = Json::array();
  for (const Point& point : curve_) curve.push_back({point.seconds, point.samples, point.loss});
  json["curve"] = curve;
  json["peak_bytes"] = peak_bytes_;
  json["cores"] = cores;
  // In less time the clock's ticks and the moments of looking would show.
  const bool known = first_ && last_->now - first_->now >= kLook;
  json["cores_used"] =
      known ? Json((last_->seconds - first_->seconds) / absl::ToDoubleSeconds(last_->now - first_->now)) : Json();
  return json;
}

}  // namespace pumasi
