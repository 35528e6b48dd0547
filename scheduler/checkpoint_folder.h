// The last step of a checkpoint: when every server has written its shard file, the folder gets its manifest, its job
// and the vocabulary, and its final name.
#ifndef PUMASI_SCHEDULER_CHECKPOINT_FOLDER_H_
#define PUMASI_SCHEDULER_CHECKPOINT_FOLDER_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/file.h"
#include "scheduler/job_run.h"

namespace pumasi {

// Vocabulary, labels, tokenizer model: contents by file name.
using Assets = std::map<std::string, std::string>;

// Completes `output`/checkpoint.folder and renames it to `output`/checkpoint.name, in place of one that may be there.
// For a final checkpoint every byte is read back, and parameters_sha256 is returned; it is empty for others. On an
// error the folder with the final name, if there was one, is as it was. Older checkpoints beyond checkpoint.keep are
// removed.
absl::StatusOr<std::string> CompleteCheckpoint(Files& files, const std::string& output,
                                               const JobRun::FinishCheckpoint& checkpoint, const Assets& assets);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_CHECKPOINT_FOLDER_H_
