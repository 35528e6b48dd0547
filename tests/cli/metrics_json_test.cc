#include "tools/cli/metrics_json.h"

#include <catch2/catch.hpp>
#include <limits>

#include "common/metrics/metric_set.h"

namespace pumasi {
namespace {

TEST_CASE("Numbers as JSON: values, and histograms with buckets that are not cumulative") {
  MetricSet set;
  set.Counter("a_total", "How many.", {{"kind", "x"}}, 3);
  TimeHistogram histogram;
  histogram.Add(absl::Microseconds(150));
  histogram.Add(absl::Seconds(100));
  set.Histogram("t_seconds", "Times.", {}, histogram);
  const Json json = MetricsJson(set.Take());
  REQUIRE(json.size() == 2);
  CHECK(ToLine(json[0]) ==
        R"({"name":"a_total","type":"counter","help":"How many.","series":[{"labels":{"kind":"x"},"value":3.0}]})");
  CHECK(json[1]["type"] == "histogram");
  const Json& series = json[1]["series"][0];
  CHECK(ToLine(series["labels"]) == "{}");
  CHECK(series["count"] == 2);
  CHECK(series["seconds"].get<double>() == Approx(100.00015));
  REQUIRE(series["buckets"].size() == kTimeBuckets);
  CHECK(ToLine(series["buckets"][1]) == "[0.0002,1]");
  CHECK(ToLine(series["buckets"][kTimeBuckets - 1]) == "[null,1]");
}

TEST_CASE("What is not finite is null") {
  MetricSet set;
  set.Gauge("a", "", {}, std::numeric_limits<double>::quiet_NaN());
  CHECK(ToLine(MetricsJson(set.Take())[0]["series"]) == R"([{"labels":{},"value":null}])");
}

}  // namespace
}  // namespace pumasi
