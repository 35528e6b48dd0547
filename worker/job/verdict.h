// What a refused call to a server means for the unit it was about.
#ifndef PUMASI_WORKER_JOB_VERDICT_H_
#define PUMASI_WORKER_JOB_VERDICT_H_

#include <cstdint>

#include "absl/status/status.h"

namespace pumasi {

enum class Verdict {
  kBusy,         // the server is well, but not there yet: soon again
  kAgain,        // may pass: again after growing waits
  kStaleLayout,  // the server knows a newer layout: wait for the assignment that brings it
  kTooLate,      // every copy of every slot has the whole batch
  kPartly,       // some of the unit's parts are applied: part by part
  kFenced,       // this worker was declared dead
  kDrop,         // the unit is none of ours any more, or the scheduler has been told
  kFail,         // trying again would not mend it: the job fails
};

// REQUIRES: !status.ok(). `layout_epoch`: of the call.
Verdict VerdictOf(const absl::Status& status, uint64_t layout_epoch);

// The transport refused a message for its size (max_message), here or at the other end: as it is it never gets through.
bool IsTooLarge(const absl::Status& status);

// A call to the scheduler that nobody who knows the job has answered.
bool IsSilence(const absl::Status& status);

// May a report to the scheduler that came to this end be taken later?
bool ReportAgain(const absl::Status& status);

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_VERDICT_H_
