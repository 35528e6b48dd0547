// Keeps what a job names under the folders that a node's owner allowed.
#ifndef PUMASI_COMMON_PATHS_H_
#define PUMASI_COMMON_PATHS_H_

#include <string>

#include "absl/status/statusor.h"

namespace pumasi {

// `path`, absolute and with all links followed, if it lies in `root` or is it. A relative path is relative to `root`.
// The path need not be there; `root` has to. PermissionDenied if it lies elsewhere, also by "..", by a link, or by a
// link to nowhere (writing to it would make a file elsewhere). The answer is as good as the moment it was given: keep
// `root` out of the hands of those who must not leave it.
absl::StatusOr<std::string> UnderRoot(const std::string& root, const std::string& path);

}  // namespace pumasi

#endif  // PUMASI_COMMON_PATHS_H_
