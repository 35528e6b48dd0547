#include "worker/input/data_files.h"

#include <dirent.h>
#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/errno_status.h"

namespace pumasi {
namespace {

absl::StatusOr<std::string> RealPath(const std::string& path) {
  char resolved[PATH_MAX];
  if (realpath(path.c_str(), resolved) == nullptr) return ErrnoStatus(errno, path, "resolve");
  return std::string(resolved);
}

bool IsUnder(const std::string& path, const std::string& root) {
  return root == "/" || path == root || path.compare(0, root.size() + 1, root + "/") == 0;
}

// The data files of a folder, unsorted.
absl::StatusOr<std::vector<std::string>> ListFolder(const std::string& folder) {
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr) return ErrnoStatus(errno, folder, "list");
  std::vector<std::string> files;
  while (const dirent* entry = readdir(dir)) {
    if (entry->d_name[0] == '.' || entry->d_name[0] == '_') continue;
    std::string path = absl::StrCat(folder, "/", entry->d_name);
    struct stat info;
    if (stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode)) files.push_back(std::move(path));
  }
  closedir(dir);
  if (files.empty()) {
    return absl::NotFoundError(
        absl::StrCat("folder ", folder, " holds no data file (names that begin with _ or . do not count)"));
  }
  return files;
}

// What stands at a path: the file itself, or a folder's files.
absl::Status AddPath(const std::string& path, std::vector<std::string>* files) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, path, "open");
  if (S_ISREG(info.st_mode)) {
    files->push_back(path);
    return absl::OkStatus();
  }
  if (!S_ISDIR(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, " is neither a file nor a folder"));
  absl::StatusOr<std::vector<std::string>> inside = ListFolder(path);
  if (!inside.ok()) return inside.status();
  files->insert(files->end(), inside->begin(), inside->end());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ExpandGlob(const std::string& path, const std::string& pattern) {
  glob_t matches = {};
  const int result = glob(path.c_str(), GLOB_NOSORT, nullptr, &matches);
  std::vector<std::string> found(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  globfree(&matches);
  if (result == GLOB_NOMATCH) {
    return absl::NotFoundError(absl::StrCat("nothing matches \"", pattern, "\" (looked for ", path, ")"));
  }
  if (result != 0) return absl::PermissionDeniedError(absl::StrCat("cannot list what matches ", path));
  return found;
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ResolveDataFiles(const std::string& pattern, const std::string& base,
                                                          const std::string& root) {
  if (pattern.empty()) return absl::InvalidArgumentError("no file, folder or glob given");
  if (root.empty()) return absl::InvalidArgumentError("no data root given (\"/\" allows all)");
  const absl::StatusOr<std::string> real_root = RealPath(root);
  if (!real_root.ok()) {
    return absl::Status(real_root.status().code(), absl::StrCat("data root ", real_root.status().message()));
  }
  const std::string path = pattern[0] == '/' ? pattern : absl::StrCat(base.empty() ? "." : base, "/", pattern);

  std::vector<std::string> files;
  struct stat info;
  const bool exists = stat(path.c_str(), &info) == 0;
  if (!exists && errno == EACCES) return ErrnoStatus(errno, path, "open");
  if (!exists && pattern.find_first_of("*?[") != std::string::npos) {
    absl::StatusOr<std::vector<std::string>> found = ExpandGlob(path, pattern);
    if (!found.ok()) return found.status();
    for (const std::string& match : *found) {
      if (absl::Status status = AddPath(match, &files); !status.ok()) return status;
    }
  } else if (!exists) {
    return absl::NotFoundError(absl::StrCat("there is no \"", pattern, "\" (looked for ", path, ")"));
  } else if (absl::Status status = AddPath(path, &files); !status.ok()) {
    return status;
  }

  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  for (std::string& file : files) {
    absl::StatusOr<std::string> real = RealPath(file);
    if (!real.ok()) return real.status();
    if (!IsUnder(*real, *real_root)) {
      return absl::PermissionDeniedError(absl::StrCat(
          file, *real == file ? "" : absl::StrCat(" (which is ", *real, ")"), " lies outside the data root ",
          *real_root, "; put the data under that folder or change data_root"));
    }
    if (access(real->c_str(), R_OK) != 0) return ErrnoStatus(errno, *real, "read");
    file = *std::move(real);
  }
  return files;
}

}  // namespace pumasi
