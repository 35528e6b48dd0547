#include "scheduler/log_folder.h"

#include <algorithm>

#include "common/checkpoint/push_log.h"

namespace pumasi {

absl::StatusOr<uint64_t> EndOfLog(Files& files, const JobRun::LogQuestion& question) {
  const auto log = PushLog::Open(files, question.folder);
  if (!log.ok()) return log.status();
  if (absl::Status status = (*log)->Sync(files); !status.ok()) return status;
  uint64_t end = UINT64_MAX;
  for (uint32_t slot = 0; slot < question.slots; ++slot) {
    end = std::min(end, (*log)->EndOf(slot, question.first_version));
  }
  return end;
}

void TrimLog(Files& files, const JobRun::FinishCheckpoint& checkpoint) {
  if (checkpoint.log.empty()) return;
  if (checkpoint.final) {
    (void)files.RemoveFolder(checkpoint.log);
  } else {
    // A file begins at each version at which a checkpoint is due; this one may be of another.
    const uint64_t every = std::max<uint64_t>(1, checkpoint.manifest.job().checkpoint().every_batches());
    const uint64_t version = checkpoint.manifest.progress().version();
    (void)RemoveLogBefore(files, checkpoint.log, version / every * every);
  }
}

}  // namespace pumasi
