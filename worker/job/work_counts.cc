#include "worker/job/work_counts.h"

#include "absl/strings/ascii.h"
#include "common/error_detail.h"
#include "common/schema.h"

namespace pumasi {
namespace {

// "ok"; the reason that a server gave, such as "not_ready"; otherwise the kind of error, such as "unavailable".
std::string OutcomeOf(const absl::Status& status) {
  if (status.ok()) return "ok";
  const auto* reason = v1::ErrorDetail::Reason_descriptor()->FindValueByNumber(ReasonOf(status));
  if (reason != nullptr && reason->number() != v1::ErrorDetail::REASON_UNSPECIFIED) return EnumText(*reason);
  return absl::AsciiStrToLower(absl::StatusCodeToString(status.code()));
}

}  // namespace

void WorkCounts::Computed(v1::UnitKind kind, const v1::UnitDone& done) {
  Units& units = units_[kind];
  ++units.units;
  for (const v1::PartResult& part : done.parts()) units.rows += part.samples();
}

void WorkCounts::Called(const char* call, const absl::Status& status) { ++calls_[{call, OutcomeOf(status)}]; }

void WorkCounts::AddTo(const std::string& job, MetricSet* metrics) const {
  for (const auto& [kind, units] : units_) {
    const MetricLabels labels = {{"job", job}, {"kind", kind == v1::TRAIN ? "train" : "evaluate"}};
    metrics->Counter("pumasi_worker_units_total", "Units that were computed.", labels,
                     static_cast<double>(units.units));
    metrics->Counter("pumasi_worker_rows_total", "Rows of the units that were computed.", labels,
                     static_cast<double>(units.rows));
  }
  for (const auto& [call, count] : calls_) {
    metrics->Counter("pumasi_worker_calls_total", "Calls to servers that ended, by what came out.",
                     {{"job", job}, {"call", call.first}, {"outcome", call.second}}, static_cast<double>(count));
  }
}

}  // namespace pumasi
