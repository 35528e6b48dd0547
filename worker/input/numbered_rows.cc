#include "worker/input/numbered_rows.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/errno_status.h"
#include "worker/input/scratch_file.h"

namespace pumasi {
namespace {

// The kernel moves at most 2 GiB at once.
constexpr size_t kMostBytes = size_t{1} << 30;

template <typename T>
absl::Status WriteAll(int file, const std::vector<T>& values, uint64_t* at, const std::string& folder) {
  const char* data = reinterpret_cast<const char*>(values.data());
  for (size_t left = values.size() * sizeof(T); left > 0;) {
    const ssize_t written = pwrite(file, data, std::min(left, kMostBytes), static_cast<off_t>(*at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return ErrnoStatus(errno, absl::StrCat("a scratch file in ", folder), "write");
    data += written;
    left -= written;
    *at += written;
  }
  return absl::OkStatus();
}

template <typename T>
absl::Status ReadAll(int file, size_t count, std::vector<T>* values, uint64_t* at, const std::string& folder) {
  values->resize(count);
  char* data = reinterpret_cast<char*>(values->data());
  for (size_t left = count * sizeof(T); left > 0;) {
    const ssize_t got = pread(file, data, std::min(left, kMostBytes), static_cast<off_t>(*at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, absl::StrCat("a scratch file in ", folder), "read");
    if (got == 0) return absl::DataLossError(absl::StrCat("a scratch file in ", folder, " became shorter"));
    data += got;
    left -= got;
    *at += got;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<NumberedRows>> NumberedRows::Create(const std::string& folder, size_t pieces,
                                                                   size_t shares) {
  std::unique_ptr<NumberedRows> rows(new NumberedRows(folder, pieces));
  for (size_t i = 0; i < shares; ++i) {
    const int file = OpenScratchFile(folder);
    if (file < 0) return ErrnoStatus(errno, folder, "make a scratch file in");
    rows->files_.push_back(std::make_unique<File>(file));
  }
  return rows;
}

absl::Status NumberedRows::Write(size_t share, size_t piece, const NumberedPiece& rows) {
  File& file = *files_[share];
  places_[piece] = {share, file.size, rows.tokens.size(), rows.ends.size(), rows.labels.size()};
  const int fd = file.descriptor.get();
  absl::Status status = WriteAll(fd, rows.tokens, &file.size, folder_);
  if (status.ok()) status = WriteAll(fd, rows.ends, &file.size, folder_);
  if (status.ok()) status = WriteAll(fd, rows.labels, &file.size, folder_);
  if (status.ok()) status = WriteAll(fd, rows.label_ends, &file.size, folder_);
  return status;
}

absl::Status NumberedRows::Read(size_t piece, NumberedPiece* rows) const {
  const Place& place = places_[piece];
  const int fd = files_[place.share]->descriptor.get();
  uint64_t at = place.begin;
  absl::Status status = ReadAll(fd, place.tokens, &rows->tokens, &at, folder_);
  if (status.ok()) status = ReadAll(fd, place.rows, &rows->ends, &at, folder_);
  if (status.ok()) status = ReadAll(fd, place.labels, &rows->labels, &at, folder_);
  if (status.ok()) status = ReadAll(fd, place.rows, &rows->label_ends, &at, folder_);
  return status;
}

}  // namespace pumasi
