#include "tools/cli/trace_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "common/file.h"
#include "tools/cli/trace.h"

namespace pumasi {

absl::Status BeginTraceFile(const std::string& path) { return WriteFileDurably(RealFiles(), path, TraceJson({})); }

absl::Status WriteTraceFile(SchedulerLink& link, const std::string& job_id, const std::string& path) {
  v1::GetTraceResponse all;
  uint64_t first = 0;
  while (true) {
    auto some = link.GetTrace(job_id, first);
    if (!some.ok()) return some.status();
    *all.mutable_nodes() = some->nodes();
    all.set_dropped(some->dropped());
    for (auto& event : *some->mutable_events()) *all.add_events() = std::move(event);
    // An answer that leads nowhere is the last one, whatever it says.
    if (!some->more() || some->next() <= first) break;
    first = some->next();
  }
  if (all.events().empty() && all.dropped() == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "job ", job_id, " has no trace: it is kept for `pumasi train --trace` and `pumasi submit --trace`"));
  }
  return WriteFileDurably(RealFiles(), path, TraceJson(all));
}

}  // namespace pumasi
