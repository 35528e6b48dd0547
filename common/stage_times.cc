#include "common/stage_times.h"

#include <algorithm>

namespace pumasi {
namespace {

constexpr double kMostSeconds = 1e9;

}  // namespace

double SaneSeconds(double seconds) { return seconds >= 0 && seconds <= kMostSeconds ? seconds : 0; }

const char* StageName(v1::Stage stage) {
  switch (stage) {
    case v1::STAGE_LEASE:
      return "lease";
    case v1::STAGE_READ:
      return "read";
    case v1::STAGE_PULL:
      return "pull";
    case v1::STAGE_COMPUTE:
      return "compute";
    case v1::STAGE_PUSH:
      return "push";
    case v1::STAGE_WAIT:
      return "wait";
    case v1::STAGE_SERVE:
      return "serve";
    case v1::STAGE_TAKE:
      return "take";
    case v1::STAGE_APPLY:
      return "apply";
    case v1::STAGE_CHECKPOINT:
      return "checkpoint";
    case v1::STAGE_LOG:
      return "log";
    default:
      return "";
  }
}

void StageSums::Add(v1::Stage stage, absl::Duration took) { sums_[stage].Add(took); }

void StageSums::Add(const StageSums& sums) {
  for (int stage = 0; stage < v1::Stage_ARRAYSIZE; ++stage) {
    sums_[stage].seconds += sums.sums_[stage].seconds;
    for (uint32_t bucket = 0; bucket < kTimeBuckets; ++bucket) {
      sums_[stage].counts[bucket] += sums.sums_[stage].counts[bucket];
    }
  }
}

void StageSums::Add(const v1::StageTimes& times) {
  if (*StageName(times.stage()) == '\0') return;
  TimeHistogram& sum = sums_[times.stage()];
  sum.seconds += SaneSeconds(times.seconds());
  for (int i = 0; i < times.counts_size() && times.first_bucket() < kTimeBuckets; ++i) {
    const uint64_t bucket = uint64_t{times.first_bucket()} + static_cast<uint64_t>(i);
    if (bucket >= kTimeBuckets) return;
    sum.counts[bucket] += times.counts(i);
  }
}

void StageSums::Fill(google::protobuf::RepeatedPtrField<v1::StageTimes>* out) const {
  for (int stage = 0; stage < v1::Stage_ARRAYSIZE; ++stage) {
    const TimeHistogram& sum = sums_[stage];
    const auto occurs = [](uint64_t count) { return count > 0; };
    const auto first = std::find_if(sum.counts.begin(), sum.counts.end(), occurs);
    if (first == sum.counts.end()) continue;
    const auto end = std::find_if(sum.counts.rbegin(), sum.counts.rend(), occurs).base();
    v1::StageTimes* times = out->Add();
    times->set_stage(static_cast<v1::Stage>(stage));
    times->set_seconds(sum.seconds);
    times->set_first_bucket(static_cast<uint32_t>(first - sum.counts.begin()));
    *times->mutable_counts() = {first, end};
  }
}

void StageSums::Take(google::protobuf::RepeatedPtrField<v1::StageTimes>* out) {
  Fill(out);
  sums_ = {};
}

uint64_t CountOf(const v1::StageTimes& times) {
  uint64_t count = 0;
  for (const uint64_t in_bucket : times.counts()) count += in_bucket;
  return count;
}

double QuantileOf(const v1::StageTimes& times, double q) {
  const double wanted = q * static_cast<double>(CountOf(times));
  double below = 0;
  for (int i = 0; i < times.counts_size(); ++i) {
    below += static_cast<double>(times.counts(i));
    if (below > 0 && below >= wanted) return UpperBound(times.first_bucket() + static_cast<uint32_t>(i));
  }
  return 0;
}

}  // namespace pumasi
