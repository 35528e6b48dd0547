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
// Where its shard files hold changes alone, those of the checkpoint `output`/checkpoint.base come into the folder, too.
// For a final checkpoint every byte is read back, and parameters_sha256 is returned; it is empty for others. On an
// error the folder with the final name, if there was one, is as it was. Once more for the same checkpoint, after a
// success that nobody noted, is a success.
absl::StatusOr<std::string> CompleteCheckpoint(Files& files, const std::string& output,
                                               const JobRun::FinishCheckpoint& checkpoint, const Assets& assets);

// Removes checkpoints from `output`, but the `keep` latest ones. `newest`, a complete checkpoint's name, is one of
// those in any case: where a job went on from an older checkpoint, later ones of the run before it may lie there. Also
// removes what was left unfinished up to `newest`. To be called once it is durably noted that the job would go on from
// `newest`. Errors are left out: what stays is removed the next time.
void RemoveOldCheckpoints(Files& files, const std::string& output, const std::string& newest, uint32_t keep);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_CHECKPOINT_FOLDER_H_
