#include "ops/rate_schedule.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/integer_power.h"

namespace pumasi {
namespace {

// (1 + cos(π·t/end)) / 2 for t <= end, as cos² or sin² of at most π/4, so that small values have all their digits. The
// first left-out term of either series is below 1e-20.
double HalfCosine(uint64_t t, uint64_t end) {
  constexpr double kHalfPi = 1.57079632679489661923;
  const bool early = t <= end / 2;
  const double x = kHalfPi * (static_cast<double>(early ? t : end - t) / static_cast<double>(end));
  double series = 1;
  for (int n = early ? 16 : 17; n >= 2; n -= 2) series = 1 - series * (x * x) / (n * (n - 1));
  if (!early) series *= x;
  return series * series;
}

absl::Status CheckDecay(const char* kind, uint64_t batches, const char* batches_name, double factor,
                        const char* factor_name) {
  if (batches == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("optimizer.schedule.", kind, ".", batches_name, " is 0 or not set; it has to be at least 1"));
  }
  if (factor >= 0 && factor <= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("optimizer.schedule.", kind, ".", factor_name, " is ", factor, "; it has to be in [0, 1]"));
}

}  // namespace

RateSchedule::RateSchedule(const v1::Schedule& proto, RateChanges changes, ScheduleSteps steps)
    : steps_(steps),
      warmup_(proto.warmup()),
      may_change_(proto.has_reduce_on_plateau() || !changes.empty()),
      changes_(std::move(changes)) {
  switch (proto.kind_case()) {
    case v1::Schedule::kStep:
      kind_ = Kind::kStep;
      every_ = proto.step().every();
      factor_ = proto.step().factor();
      break;
    case v1::Schedule::kExponential: {
      kind_ = Kind::kExponential;
      every_ = proto.exponential().every();
      factor_ = proto.exponential().factor();
      double root = factor_;
      for (double& out : roots_) out = root = std::sqrt(root);
      break;
    }
    case v1::Schedule::kCosine:
      kind_ = Kind::kCosine;
      every_ = proto.cosine().batches();
      floor_ = proto.cosine().floor();
      break;
    default:
      break;
  }
  every_ = std::max<uint64_t>(every_, 1);
}

double RateSchedule::Factor(uint64_t step) const {
  if (steps_.per_batch > 1 && step > 0) step = (step - 1) / steps_.per_batch + 1;
  const double scheduled = ScheduledFactor(step + steps_.before);
  for (auto change = changes_.rbegin(); change != changes_.rend(); ++change) {
    if (change->from_step() <= step) return scheduled * change->factor();
  }
  return scheduled;
}

double RateSchedule::ScheduledFactor(uint64_t step) const {
  if (step <= warmup_) return warmup_ == 0 ? 1 : static_cast<double>(step) / static_cast<double>(warmup_);
  const uint64_t t = step - 1 - warmup_;
  switch (kind_) {
    case Kind::kConstant:
      return 1;
    case Kind::kStep:
      return IntegerPower(factor_, t / every_);
    case Kind::kExponential: {
      double power = IntegerPower(factor_, t / every_);
      double rest = static_cast<double>(t % every_) / static_cast<double>(every_);
      for (int i = 0; i < kDigits && rest > 0; ++i) {
        rest *= 2;
        if (rest >= 1) {
          power *= roots_[i];
          rest -= 1;
        }
      }
      return power;
    }
    case Kind::kCosine:
      return floor_ + (1 - floor_) * HalfCosine(std::min(t, every_), every_);
  }
  return 1;
}

double RateFactor(const v1::Schedule& schedule, uint64_t step) { return RateSchedule(schedule).Factor(step); }

absl::Status CheckSchedule(const v1::Schedule& schedule) {
  switch (schedule.kind_case()) {
    case v1::Schedule::kStep:
      return CheckDecay("step", schedule.step().every(), "every", schedule.step().factor(), "factor");
    case v1::Schedule::kExponential:
      return CheckDecay("exponential", schedule.exponential().every(), "every", schedule.exponential().factor(),
                        "factor");
    case v1::Schedule::kCosine:
      return CheckDecay("cosine", schedule.cosine().batches(), "batches", schedule.cosine().floor(), "floor");
    case v1::Schedule::kReduceOnPlateau: {
      const v1::ReduceOnPlateau& plateau = schedule.reduce_on_plateau();
      const auto refuse = [](const char* key, const char* rule) {
        return absl::InvalidArgumentError(
            absl::StrCat("optimizer.schedule.reduce_on_plateau.", key, " has to be ", rule));
      };
      if (!(plateau.factor() >= 0 && plateau.factor() < 1)) return refuse("factor", "at least 0 and below 1");
      if (plateau.patience() == 0) return refuse("patience", "at least 1");
      if (!(plateau.min_delta() >= 0)) return refuse("min_delta", "at least 0");
      if (!(plateau.floor() >= 0 && plateau.floor() <= 1)) return refuse("floor", "from 0 to 1");
      return absl::OkStatus();
    }
    default:
      return absl::OkStatus();
  }
}

}  // namespace pumasi
