#include "common/paths.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/errno_status.h"

namespace pumasi {

namespace fs = std::filesystem;

absl::StatusOr<std::string> UnderRoot(const std::string& root, const std::string& path) {
  if (path.find('\0') != std::string::npos) return absl::InvalidArgumentError("a path holds a NUL character");
  std::error_code error;
  const fs::path base = fs::canonical(root.empty() ? "." : root, error);
  if (error) return ErrnoStatus(error.value(), root, "find this root folder");
  fs::path resolved = fs::weakly_canonical(base / path, error);
  if (error) return ErrnoStatus(error.value(), path, "resolve");
  // "a/" resolves to a path with an empty last name.
  if (!resolved.has_filename()) resolved = resolved.parent_path();

  const auto [base_rest, path_rest] = std::mismatch(base.begin(), base.end(), resolved.begin(), resolved.end());
  const bool base_is_prefix = base_rest == base.end();
  if (!base_is_prefix) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, ": leads to ", resolved.string(), ", outside of ", base.string()));
  }
  // Links that are left lead nowhere (yet), or stand behind a folder that is not there (yet).
  fs::path step = base;
  for (auto name = path_rest; name != resolved.end(); ++name) {
    step /= *name;
    if (fs::is_symlink(fs::symlink_status(step, error))) {
      return absl::PermissionDeniedError(absl::StrCat(path, ": ", step.string(), " is a link that leads nowhere"));
    }
  }
  return resolved.string();
}

}  // namespace pumasi
