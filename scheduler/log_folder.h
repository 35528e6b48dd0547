// What the scheduler does with the folder of a job's log of applied gradients (common/checkpoint/push_log.h): servers
// write it, the scheduler looks how far it reaches and clears away what nobody will read.
#ifndef PUMASI_SCHEDULER_LOG_FOLDER_H_
#define PUMASI_SCHEDULER_LOG_FOLDER_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "common/file.h"
#include "scheduler/job_run.h"

namespace pumasi {

// Reads the whole log, makes what is there durable, and answers with the first version from question.first_version on
// that some slot has no record of.
absl::StatusOr<uint64_t> EndOfLog(Files& files, const JobRun::LogQuestion& question);

// Removes what the log holds before the checkpoint; all of it after a final one. To be called once it is durably noted
// that the job goes on from this checkpoint, or is done. Errors are left out: what stays is removed the next time.
void TrimLog(Files& files, const JobRun::FinishCheckpoint& checkpoint);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_LOG_FOLDER_H_
