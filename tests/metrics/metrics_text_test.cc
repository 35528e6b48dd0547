#include "common/metrics/metrics_text.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>

#include "common/metrics/metric_set.h"
#include "common/metrics/process_metrics.h"
#include "tests/metrics/exposition.h"

namespace pumasi {
namespace {

TEST_CASE("A snapshot is written as the format's description shows it") {
  MetricSet set;
  set.Counter("a_total", "How many.", {{"kind", "x"}}, 3);
  set.Gauge("b", "How much.", {}, 0.25);
  set.Counter("a_total", "How many.", {{"kind", "y"}}, 1e15);
  CHECK(MetricsText(set.Take()) ==
        "# HELP a_total How many.\n"
        "# TYPE a_total counter\n"
        "a_total{kind=\"x\"} 3\n"
        "a_total{kind=\"y\"} 1e+15\n"
        "# HELP b How much.\n"
        "# TYPE b gauge\n"
        "b 0.25\n");
  CHECK(MetricsText(set.Take()).empty());
}

TEST_CASE("A histogram has cumulative buckets from 0.1 ms to infinity, a sum and a count") {
  MetricSet set;
  TimeHistogram histogram;
  histogram.Add(absl::Microseconds(50));
  histogram.Add(absl::Microseconds(150));
  histogram.Add(absl::Microseconds(150));
  histogram.Add(absl::Seconds(100));
  set.Histogram("t_seconds", "Times.", {{"job", "j"}}, histogram);
  const std::string text = MetricsText(set.Take());
  CHECK_THAT(text, Catch::Matchers::Contains("t_seconds_bucket{job=\"j\",le=\"0.0001\"} 1\n"
                                             "t_seconds_bucket{job=\"j\",le=\"0.0002\"} 3\n"));
  CHECK_THAT(text, Catch::Matchers::Contains("t_seconds_bucket{job=\"j\",le=\"52.4288\"} 3\n"
                                             "t_seconds_bucket{job=\"j\",le=\"+Inf\"} 4\n"
                                             "t_seconds_sum{job=\"j\"} 100.00035\n"
                                             "t_seconds_count{job=\"j\"} 4\n"));
  const Exposition read = ReadExposition(text);
  CHECK(read.Count("t_seconds_bucket") == kTimeBuckets);
  CHECK(read.Sum("t_seconds_count") == 4);
}

TEST_CASE("Any text in labels and any number comes back as it was") {
  const uint64_t seed = GENERATE(range(0, 50));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::string letters = "ab\\\"\n{}=, #é";
  MetricSet set;
  std::vector<std::pair<std::string, double>> want;
  for (int i = 0; i < 20; ++i) {
    std::string label = std::to_string(i);
    for (uint64_t length = random() % 8; length > 0; --length) label += letters[random() % letters.size()];
    const double value =
        std::ldexp(static_cast<double>(static_cast<int64_t>(random())), -static_cast<int>(random() % 90));
    set.Gauge("g", "A \\ and\na line", {{"text", label}}, value);
    want.emplace_back(label, value);
  }
  const Exposition read = ReadExposition(MetricsText(set.Take()));
  REQUIRE(read.samples.size() == want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    CHECK(read.samples[i].labels.at("text") == want[i].first);
    CHECK(read.samples[i].value == want[i].second);
  }
  CHECK(read.helps.at("g") == "A \\\\ and\\na line");
}

TEST_CASE("Numbers that are none have the format's names") {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  MetricSet set;
  set.Gauge("a", "", {}, kInfinity);
  set.Gauge("b", "", {}, -kInfinity);
  set.Gauge("c", "", {}, std::nan(""));
  set.Gauge("d", "", {}, 1e-300);
  const Exposition read = ReadExposition(MetricsText(set.Take()));
  CHECK(read.Sum("a") == kInfinity);
  CHECK(read.Sum("b") == -kInfinity);
  CHECK(std::isnan(read.Sum("c")));
  CHECK(read.Sum("d") == 1e-300);
}

TEST_CASE("A job's time has a histogram for each stage, and a worker's its waits") {
  MetricSet set;
  v1::TimeUse server;
  v1::StageTimes* stage = server.add_stages();
  stage->set_stage(v1::STAGE_APPLY);
  stage->set_seconds(3);
  stage->set_first_bucket(14);
  stage->add_counts(2);
  stage->add_counts(1);
  server.set_busy(4);
  set.JobTime("a", server);
  v1::TimeUse worker;
  worker.set_busy(1);
  worker.mutable_waits()->set_batch(7);
  set.JobTime("b", worker);
  set.JobTime("a", worker);  // one that holds slots
  const Exposition read = ReadExposition(MetricsText(set.Take()));
  CHECK(read.Sum("pumasi_stage_seconds_bucket", {{"job", "a"}, {"stage", "apply"}, {"le", "0.8192"}}) == 0);
  CHECK(read.Sum("pumasi_stage_seconds_bucket", {{"job", "a"}, {"stage", "apply"}, {"le", "1.6384"}}) == 2);
  CHECK(read.Sum("pumasi_stage_seconds_count", {{"job", "a"}}) == 3);
  CHECK(read.Sum("pumasi_stage_seconds_sum") == 3);
  CHECK(read.Sum("pumasi_busy_seconds_total", {{"job", "a"}, {"as", "server"}}) == 4);
  CHECK(read.Sum("pumasi_busy_seconds_total", {{"job", "a"}, {"as", "worker"}}) == 1);
  CHECK(read.Count("pumasi_wait_seconds_total", {{"job", "a"}}) == 7);
  CHECK(read.Count("pumasi_wait_seconds_total", {{"job", "b"}}) == 7);
  CHECK(read.Sum("pumasi_wait_seconds_total", {{"job", "b"}, {"for", "batch"}}) == 7);
}

TEST_CASE("A process tells who it is, and what it takes") {
  MetricSet set;
  AddProcessMetrics("worker", "w\"1", &set);
  const Exposition read = ReadExposition(MetricsText(set.Take()));
  CHECK(read.Sum("pumasi_build_info", {{"role", "worker"}, {"node", "w\"1"}}) == 1);
  CHECK(read.Sum("process_cpu_seconds_total") > 0);
  CHECK(read.Sum("process_resident_memory_bytes") > 1e5);
}

TEST_CASE("The reader is strict") {
  const std::string head = "# HELP a x\n# TYPE a histogram\n";
  const std::string tail = "a_sum 1\na_count 2\n";
  CHECK_NOTHROW(ReadExposition(head + "a_bucket{le=\"1\"} 1\na_bucket{le=\"+Inf\"} 2\n" + tail));
  for (const std::string& bad :
       {std::string("# HELP a x\n# TYPE a gauge\na 1"), std::string("a 1\n"),
        std::string("# HELP a x\n# TYPE a gauge\nb 1\n"), std::string("# HELP a x\n# TYPE a gauge\na 1\na 1\n"),
        std::string("# HELP a x\n# TYPE a gauge\na{b=\"\\x\"} 1\n"), std::string("# HELP a x\n# TYPE a gauge\na one\n"),
        head + "a_bucket{le=\"1\"} 3\na_bucket{le=\"+Inf\"} 2\n" + tail, head + "a_bucket{le=\"1\"} 2\n" + tail,
        head + "a_bucket{le=\"+Inf\"} 3\n" + tail, head + "a_bucket{le=\"+Inf\"} 2\na_sum 1\n"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(ReadExposition(bad), std::runtime_error);
  }
}

}  // namespace
}  // namespace pumasi
