#include "worker/job/work_counts.h"

#include <catch2/catch.hpp>

#include "common/error_detail.h"
#include "common/metrics/metrics_text.h"
#include "tests/metrics/exposition.h"

namespace pumasi {
namespace {

TEST_CASE("Units and rows are counted by kind, calls by what came out") {
  WorkCounts counts;
  v1::UnitDone done;
  done.add_parts()->set_samples(10);
  done.add_parts()->set_samples(7);
  counts.Computed(v1::TRAIN, done);
  counts.Computed(v1::TRAIN, done);
  counts.Computed(v1::EVALUATE, done);
  counts.Called("pull", absl::OkStatus());
  counts.Called("pull", absl::OkStatus());
  counts.Called("pull", DetailedError(v1::ErrorDetail::NOT_READY, "not yet"));
  counts.Called("push", DetailedError(v1::ErrorDetail::OVER_LIMIT, "no room"));
  counts.Called("push", absl::DeadlineExceededError("late"));
  MetricSet metrics;
  counts.AddTo("j", &metrics);
  const Exposition seen = ReadExposition(MetricsText(metrics.Take()));
  CHECK(seen.Sum("pumasi_worker_units_total", {{"job", "j"}, {"kind", "train"}}) == 2);
  CHECK(seen.Sum("pumasi_worker_rows_total", {{"kind", "train"}}) == 34);
  CHECK(seen.Sum("pumasi_worker_rows_total", {{"kind", "evaluate"}}) == 17);
  CHECK(seen.Sum("pumasi_worker_calls_total", {{"call", "pull"}, {"outcome", "ok"}}) == 2);
  CHECK(seen.Sum("pumasi_worker_calls_total", {{"call", "pull"}, {"outcome", "not_ready"}}) == 1);
  CHECK(seen.Sum("pumasi_worker_calls_total", {{"call", "push"}, {"outcome", "over_limit"}}) == 1);
  CHECK(seen.Sum("pumasi_worker_calls_total", {{"call", "push"}, {"outcome", "deadline_exceeded"}}) == 1);
  CHECK(seen.Count("pumasi_worker_calls_total") == 4);
}

}  // namespace
}  // namespace pumasi
