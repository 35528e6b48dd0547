#ifndef PUMASI_WORKER_INPUT_FILE_VIEW_H_
#define PUMASI_WORKER_INPUT_FILE_VIEW_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace pumasi {

struct FileViewOptions {
  // A *.gz file that unpacks to more than this many bytes is refused, so that a small file cannot fill memory or disk.
  uint64_t max_unpacked_bytes = uint64_t{64} << 30;
  // Where *.gz files are unpacked to: a file without a name that vanishes with the view. Empty: memory.
  std::string scratch_folder;
};

// The contents of a file as one piece of memory: mapped, so that a file larger than memory works; a *.gz file (one or
// several gzip members) is unpacked first. Immutable, so any number of threads may read.
//
// The file must not be made shorter while a view of it lives (the kernel answers reads beyond its end with SIGBUS).
class FileView {
 public:
  // Errors: NOT_FOUND, PERMISSION_DENIED, INVALID_ARGUMENT (not a regular file, damaged gzip data), RESOURCE_EXHAUSTED
  // (gzip data above the limit, or no room to unpack).
  static absl::StatusOr<std::unique_ptr<FileView>> Open(const std::string& path, const FileViewOptions& options = {});
  ~FileView();
  FileView(const FileView&) = delete;
  FileView& operator=(const FileView&) = delete;

  std::string_view contents() const { return contents_; }
  const std::string& path() const { return path_; }

 private:
  FileView(std::string path, std::string_view contents) : path_(std::move(path)), contents_(contents) {}

  std::string path_;
  std::string_view contents_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_FILE_VIEW_H_
