#include "worker/input/file_view.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/descriptor.h"
#include "common/errno_status.h"
#include "worker/input/gunzip.h"
#include "worker/input/scratch_file.h"

namespace pumasi {
namespace {

absl::StatusOr<std::string_view> Map(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) != 0) return ErrnoStatus(errno, path, "map");
  if (info.st_size == 0) return std::string_view();
  void* data = mmap(nullptr, info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (data == MAP_FAILED) return ErrnoStatus(errno, path, "map");
  madvise(data, info.st_size, MADV_SEQUENTIAL);
  return std::string_view(static_cast<const char*>(data), info.st_size);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileView>> FileView::Open(const std::string& path, const FileViewOptions& options) {
  const Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return ErrnoStatus(errno, path, "open");
  struct stat info;
  if (fstat(file.get(), &info) != 0) return ErrnoStatus(errno, path, "open");
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, " is not a regular file"));

  absl::StatusOr<std::string_view> contents;
  if (absl::EndsWith(path, ".gz")) {
    const Descriptor scratch(options.scratch_folder.empty() ? memfd_create("pumasi-unpacked", MFD_CLOEXEC)
                                                            : OpenScratchFile(options.scratch_folder));
    if (scratch.get() < 0) return ErrnoStatus(errno, path, "unpack");
    if (absl::Status status = Gunzip(file.get(), scratch.get(), options.max_unpacked_bytes, path); !status.ok()) {
      return status;
    }
    contents = Map(scratch.get(), path);
  } else {
    contents = Map(file.get(), path);
  }
  if (!contents.ok()) return contents.status();
  return std::unique_ptr<FileView>(new FileView(path, *contents));
}

FileView::~FileView() {
  if (!contents_.empty()) munmap(const_cast<char*>(contents_.data()), contents_.size());
}

}  // namespace pumasi
