#include "tools/cli/audit_report.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

std::string Verdict(const v1::AuditResponse& audit) {
  const absl::Status exact = CheckAudit(audit);
  if (exact.ok()) return "exact: every part was applied once, with all samples of the data";
  return absl::StrCat(absl::IsFailedPrecondition(exact) ? "not finished: " : "NOT EXACT: ",
                      absl::string_view(exact.message()));
}

}  // namespace

absl::Status CheckAuditBatch(const v1::AuditBatch& batch) {
  std::vector<std::pair<uint32_t, uint32_t>> ranges;
  for (const auto& unit : batch.units()) ranges.emplace_back(unit.first_part(), unit.end_part());
  std::sort(ranges.begin(), ranges.end());
  uint32_t next = 0;
  for (const auto& [first, end] : ranges) {
    if (first > next) return absl::DataLossError(absl::StrCat("batch ", batch.version(), ": nobody did part ", next));
    if (first < next) {
      return absl::DataLossError(absl::StrCat("batch ", batch.version(), ": part ", first, " counts twice"));
    }
    if (end <= first) {
      return absl::DataLossError(
          absl::StrCat("batch ", batch.version(), ": a unit ends at part ", end, ", before its first part ", first));
    }
    next = end;
  }
  if (next != batch.parts()) {
    return absl::DataLossError(
        absl::StrCat("batch ", batch.version(), ": ", next, " of its ", batch.parts(), " parts are done"));
  }
  return absl::OkStatus();
}

absl::Status CheckAudit(const v1::AuditResponse& audit) {
  if (audit.state() != v1::DONE) {
    return absl::FailedPreconditionError(absl::StrCat("the job is ", StateName(audit.state()), ", ", audit.done(),
                                                      " of ", audit.parts(), " parts are done"));
  }
  if (audit.done() != audit.parts()) {
    return absl::DataLossError(absl::StrCat(audit.done(), " parts were applied, ", audit.parts(), " issued"));
  }
  if (audit.samples() != audit.expected_samples()) {
    return absl::DataLossError(
        absl::StrCat(audit.samples(), " samples were trained, the data has ", audit.expected_samples()));
  }
  for (const v1::AuditBatch& batch : audit.batches()) {
    if (absl::Status status = CheckAuditBatch(batch); !status.ok()) return status;
  }
  return absl::OkStatus();
}

Json AuditJson(const std::string& job_id, const v1::AuditResponse& audit) {
  const absl::Status exact = CheckAudit(audit);
  Json json;
  json["job"] = job_id;
  json["state"] = StateName(audit.state());
  json["exact"] = exact.ok();
  if (!exact.ok()) json["problem"] = std::string(exact.message());
  json["parts"] = audit.parts();
  json["done"] = audit.done();
  json["outcome_unknown"] = audit.outcome_unknown();
  json["leases"] = audit.leases();
  json["repeated_results"] = audit.repeated_results();
  json["undone_batches"] = audit.undone_batches();
  json["samples"] = audit.samples();
  json["expected_samples"] = audit.expected_samples();
  if (audit.batches().empty()) return json;
  Json batches = Json::array();
  for (const v1::AuditBatch& batch : audit.batches()) {
    Json units = Json::array();
    for (const auto& unit : batch.units()) {
      units.push_back({{"first_part", unit.first_part()},
                       {"end_part", unit.end_part()},
                       {"worker", unit.worker()},
                       {"token", unit.token()},
                       {"outcome_unknown", unit.outcome_unknown()}});
    }
    batches.push_back(
        {{"version", batch.version()}, {"generation", batch.generation()}, {"parts", batch.parts()}, {"units", units}});
  }
  json["batches"] = batches;
  return json;
}

std::string AuditText(const std::string& job_id, const v1::AuditResponse& audit) {
  std::string text = absl::StrCat(
      job_id, ": ", StateName(audit.state()), "\n", Verdict(audit), "\nparts: ", audit.done(), " of ", audit.parts(),
      " done; of ", audit.outcome_unknown(), " the worker died before it told what came out\nleases: ", audit.leases(),
      "; results that did not count, since the part was done already: ", audit.repeated_results(),
      "\nbatches undone by going back to a checkpoint: ", audit.undone_batches(), "\nsamples: ", audit.samples(),
      " of ", audit.expected_samples(), "\n");
  for (const v1::AuditBatch& batch : audit.batches()) {
    absl::StrAppend(&text, "batch ", batch.version(), ", generation ", batch.generation(), ", ", batch.parts(),
                    " parts:\n");
    for (const auto& unit : batch.units()) {
      absl::StrAppend(&text, "  parts ", unit.first_part(), " to ", unit.end_part() - 1, ": ", unit.worker(),
                      unit.token() == 0 ? std::string(", without a lease") : absl::StrCat(", lease ", unit.token()),
                      unit.outcome_unknown() ? ", outcome unknown" : "", "\n");
    }
  }
  return text;
}

}  // namespace pumasi
