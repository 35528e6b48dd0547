// What became of every gradient of a job, as the scheduler's ledger says it.
#ifndef PUMASI_TOOLS_CLI_AUDIT_REPORT_H_
#define PUMASI_TOOLS_CLI_AUDIT_REPORT_H_

#include <string>

#include "absl/status/status.h"
#include "proto/scheduler.pb.h"
#include "tools/cli/json.h"

namespace pumasi {

// Whether the units of a batch that is done are its parts, each exactly once. DataLoss names the batch and the part.
absl::Status CheckAuditBatch(const v1::AuditBatch& batch);

// Whether a job that is done applied exactly what was issued: all parts, with all samples of the data, and the batches
// listed in `audit` each right in itself. FailedPrecondition: the job is not done. DataLoss says what differs.
absl::Status CheckAudit(const v1::AuditResponse& audit);

// The keys of `pumasi audit --json`; `batches` if there are any.
Json AuditJson(const std::string& job_id, const v1::AuditResponse& audit);

// Lines for people, each ended.
std::string AuditText(const std::string& job_id, const v1::AuditResponse& audit);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_AUDIT_REPORT_H_
