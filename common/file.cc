#include "common/file.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/planted_bug.h"

namespace pumasi {

absl::StatusOr<std::string> ReadFile(Files& files, const std::string& path, uint64_t max_size) {
  auto file = files.Open(path);
  if (!file.ok()) return file.status();
  // The size tells how much to expect, but a pipe or a growing file may hold more: the end is where nothing more comes.
  std::string contents;
  constexpr size_t kLeastRead = 4096;
  size_t want = static_cast<size_t>(std::min((*file)->size(), max_size)) + 1;
  for (;;) {
    const size_t had = contents.size();
    contents.resize(had + want);
    const auto got = (*file)->Read(had, contents.data() + had, want);
    if (!got.ok()) return got.status();
    contents.resize(had + *got);
    if (contents.size() > max_size) {
      return absl::OutOfRangeError(absl::StrCat(path, ": larger than the ", max_size, " bytes that are read at most"));
    }
    if (*got < want) return contents;
    want = kLeastRead;
  }
}

absl::Status WriteFileDurably(Files& files, const std::string& path, absl::string_view contents, unsigned mode) {
  const std::string beside = path + ".tmp";
  CreateOptions options;
  options.mode = mode;
  auto file = files.Create(beside, options);
  if (!file.ok()) return file.status();
  absl::Status status = (*file)->Write(contents);
  if (status.ok() && !Planted(PlantedBug::kSkipSync)) status = (*file)->Sync();
  if (absl::Status closed = (*file)->Close(); status.ok()) status = closed;
  if (status.ok()) status = files.Rename(beside, path);
  if (!status.ok()) {
    files.Remove(beside).IgnoreError();
    return status;
  }
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return files.SyncFolder(folder.empty() ? "." : folder);
}

}  // namespace pumasi
