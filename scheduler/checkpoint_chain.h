// The files of a checkpoint that is put together from shard files of several versions: a folder holds all of its chain,
// so that each is complete by itself and older ones may be removed.
#ifndef PUMASI_SCHEDULER_CHECKPOINT_CHAIN_H_
#define PUMASI_SCHEDULER_CHECKPOINT_CHAIN_H_

#include <string>

#include "absl/status/status.h"
#include "common/file.h"
#include "proto/checkpoint.pb.h"

namespace pumasi {

// Are the files that `manifest` names in `folder`, each as long as it says? NotFound, DataLoss.
absl::Status CheckShardFiles(Files& files, const std::string& folder, const v1::Manifest& manifest);

// Puts the shard files of the complete checkpoint in `base` (a path) into `folder`, too, and names them in `manifest`
// in front of its own, which hold what changed since. Files are linked, or copied and synced where the file system
// cannot link; the caller syncs the folder. FailedPrecondition: the base is not of the version that the files hold the
// changes since. Other errors as ReadManifest's, and the disk's.
absl::Status AddBaseFiles(Files& files, const std::string& base, const std::string& folder, v1::Manifest* manifest);

// Removes files from `folder` that `manifest` does not name: of servers that had to write but left the layout. Errors
// are left out: what stays is no harm.
void RemoveUnnamed(Files& files, const std::string& folder, const v1::Manifest& manifest);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_CHECKPOINT_CHAIN_H_
