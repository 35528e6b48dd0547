#ifndef PUMASI_WORKER_INPUT_BUILD_ENTRY_H_
#define PUMASI_WORKER_INPUT_BUILD_ENTRY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/job.pb.h"
#include "worker/input/file_view.h"
#include "worker/input/progress_tracker.h"

namespace pumasi {

struct BuildInput {
  const v1::Job* job = nullptr;
  std::vector<std::string> train;
  std::vector<std::string> test;  // none: no test rows
  FileViewOptions files;
  int threads = 1;
};

// Makes an entry of the cache (cache_entry.h) in `folder`, which has to be there and empty: reads, learns vocabulary
// and labels, encodes, writes, and returns once all is on the disk. The same input gives the same bytes, whatever the
// number of threads. Errors as PrepareData's.
absl::Status BuildCacheEntry(const BuildInput& input, const std::string& folder, ProgressTracker* tracker);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_BUILD_ENTRY_H_
