#include "common/metrics/metric_set.h"

#include "common/stage_times.h"
#include "common/waits.h"

namespace pumasi {

v1::MetricSeries* MetricSet::Series(const std::string& name, const std::string& help, v1::MetricFamily::Type type,
                                    const MetricLabels& labels) {
  const auto [known, added] = families_.try_emplace(name, snapshot_.families_size());
  if (added) {
    v1::MetricFamily* family = snapshot_.add_families();
    family->set_name(name);
    family->set_help(help);
    family->set_type(type);
  }
  v1::MetricSeries* series = snapshot_.mutable_families(known->second)->add_series();
  for (const auto& [label, value] : labels) {
    v1::MetricSeries::Label* one = series->add_labels();
    one->set_name(label);
    one->set_value(value);
  }
  return series;
}

void MetricSet::Counter(const std::string& name, const std::string& help, const MetricLabels& labels, double value) {
  Series(name, help, v1::MetricFamily::COUNTER, labels)->set_value(value);
}

void MetricSet::Gauge(const std::string& name, const std::string& help, const MetricLabels& labels, double value) {
  Series(name, help, v1::MetricFamily::GAUGE, labels)->set_value(value);
}

void MetricSet::Histogram(const std::string& name, const std::string& help, const MetricLabels& labels,
                          const TimeHistogram& histogram) {
  v1::MetricSeries* series = Series(name, help, v1::MetricFamily::HISTOGRAM, labels);
  series->set_value(histogram.seconds);
  for (uint32_t bucket = 0; bucket < kTimeBuckets; ++bucket) {
    if (bucket + 1 < kTimeBuckets) series->add_bounds(UpperBound(bucket));
    series->add_counts(histogram.counts[bucket]);
  }
}

void MetricSet::JobTime(const std::string& job, const v1::TimeUse& total) {
  for (const v1::StageTimes& times : total.stages()) {
    TimeHistogram histogram;
    histogram.seconds = times.seconds();
    for (int i = 0; i < times.counts_size() && times.first_bucket() + i < kTimeBuckets; ++i) {
      histogram.counts[times.first_bucket() + i] = times.counts(i);
    }
    Histogram("pumasi_stage_seconds", "How long stages of the work took.",
              {{"job", job}, {"stage", StageName(times.stage())}}, histogram);
  }
  // A worker that holds slots has both.
  Counter("pumasi_busy_seconds_total",
          "Time that a worker's computing thread computed, or in which a server answered calls and applied batches.",
          {{"job", job}, {"as", total.has_waits() ? "worker" : "server"}}, total.busy());
  if (!total.has_waits()) return;
  for (const WaitField& field : kWaitFields) {
    Counter("pumasi_wait_seconds_total", "Time that the computing thread waited for something.",
            {{"job", job}, {"for", field.name}}, (total.waits().*field.get)());
  }
}

v1::MetricsSnapshot MetricSet::Take() {
  families_.clear();
  return std::exchange(snapshot_, {});
}

}  // namespace pumasi
