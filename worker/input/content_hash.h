#ifndef PUMASI_WORKER_INPUT_CONTENT_HASH_H_
#define PUMASI_WORKER_INPUT_CONTENT_HASH_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/input/progress_tracker.h"

namespace pumasi {

struct FileDigest {
  uint64_t size = 0;
  // SHA-256, in hexadecimal digits, over the SHA-256 of each 4 MiB of the file in order, so that threads share the
  // work.
  std::string sha256;
};

// The digest of a file's contents. Remembered in the folder `index` (made if need be; empty: not remembered) under the
// file's path together with what changes whenever the file does (device, inode, size, times of change), so that asking
// again costs nothing. A file that changed less than `rest` ago is not remembered: it may change again within the
// resolution of its times. Any damage to what is remembered only means reading the file again.
// Errors as the system says; ABORTED where the file changes while it is read; CANCELLED.
absl::StatusOr<FileDigest> DigestFile(const std::string& path, const std::string& index, int threads,
                                      ProgressTracker* tracker, absl::Duration rest = absl::Seconds(1));

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CONTENT_HASH_H_
