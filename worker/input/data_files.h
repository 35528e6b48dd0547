#ifndef PUMASI_WORKER_INPUT_DATA_FILES_H_
#define PUMASI_WORKER_INPUT_DATA_FILES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace pumasi {

// The files that a job's data.train or data.test names, as absolute paths without symbolic links, sorted by name
// (bytes).
//
// `pattern` is a file, a folder of part files or a glob (*, ?, [...]); where it is relative, it is relative to `base`.
// Of a folder count its regular files, but for names that begin with _ or . (Spark's _SUCCESS and .crc files); folders
// inside it do not count. A name that exists is taken as it is, even if it looks like a glob.
//
// After symbolic links are resolved, every file has to lie under the folder `root` ("/" allows all).
//
// Errors: NOT_FOUND where nothing matches, PERMISSION_DENIED for a file outside `root` or one that may not be read,
// INVALID_ARGUMENT for an empty pattern or something that is neither a file nor a folder.
absl::StatusOr<std::vector<std::string>> ResolveDataFiles(const std::string& pattern, const std::string& base,
                                                          const std::string& root);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_DATA_FILES_H_
