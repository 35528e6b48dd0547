// pumasi audit: whether a job applied every gradient exactly once.
#include <cstdio>

#include "common/exit_code.h"
#include "tools/cli/audit_report.h"
#include "tools/cli/commands.h"
#include "tools/cli/scheduler_link.h"

namespace pumasi {

int Audit(const AuditFlags& flags) {
  auto link = SchedulerLink::Open(flags.cluster);
  if (!link.ok()) return PrintError(link.status());
  auto audit = (*link)->Audit(flags.job_id, flags.first, flags.count);
  if (!audit.ok()) return PrintError(audit.status());
  std::printf("%s", flags.json ? (ToLine(AuditJson(flags.job_id, *audit)) + "\n").c_str()
                               : AuditText(flags.job_id, *audit).c_str());
  return absl::IsDataLoss(CheckAudit(*audit)) ? kExitFailed : kExitOk;
}

}  // namespace pumasi
