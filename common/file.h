// Files behind an interface, so that tests can put a disk that is full, slow or torn in place of the real one. Every
// error names the path and what the system said.
#ifndef PUMASI_COMMON_FILE_H_
#define PUMASI_COMMON_FILE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pumasi {

// A file that is being written. Not thread-safe. Destroying it closes it and loses the errors of closing: call Close.
class WritableFile {
 public:
  virtual ~WritableFile() = default;

  // Appends all of `data`, or fails.
  virtual absl::Status Write(absl::string_view data) = 0;
  // Returns once everything written is on the disk itself.
  virtual absl::Status Sync() = 0;
  // Nothing may be called afterwards.
  virtual absl::Status Close() = 0;
};

// A file that is being read. Thread-safe.
class ReadableFile {
 public:
  virtual ~ReadableFile() = default;

  virtual uint64_t size() const = 0;
  // Reads up to `size` bytes from `offset` on; fewer only at the end of the file. Returns how many.
  virtual absl::StatusOr<size_t> Read(uint64_t offset, char* to, size_t size) const = 0;
};

// A file whose bytes lie in memory, as they are read. Thread-safe. If something cuts the file meanwhile, reading what
// is gone may end the process: map only files that are never changed once they have their name.
class MappedFile {
 public:
  virtual ~MappedFile() = default;

  // size() bytes, valid as long as this object; null if there are none.
  virtual const char* data() const = 0;
  virtual uint64_t size() const = 0;
};

struct CreateOptions {
  // Permission bits, before the process' umask.
  unsigned mode = 0644;
  // Fail with AlreadyExists if there is such a file; otherwise it is emptied.
  bool exclusive = false;
};

// Thread-safe.
class Files {
 public:
  virtual ~Files() = default;

  virtual absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) = 0;
  // Errors as those of Open.
  virtual absl::StatusOr<std::unique_ptr<MappedFile>> OpenMapped(const std::string& path) = 0;
  virtual absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path, CreateOptions options = {}) = 0;

  // Replaces `to` in one step if it is a file.
  virtual absl::Status Rename(const std::string& from, const std::string& to) = 0;
  // Gives the file `from` a second name: the bytes are there until both are removed. AlreadyExists if there is a `to`.
  // Unimplemented where the file system cannot: copy instead.
  virtual absl::Status Link(const std::string& from, const std::string& to) = 0;
  // Swaps what two names, of files or folders, stand for, in one step: whatever happens, each is there under one of
  // them. Unimplemented where the file system cannot.
  virtual absl::Status Exchange(const std::string& a, const std::string& b) = 0;
  // Removes a file. NotFound if there is none.
  virtual absl::Status Remove(const std::string& path) = 0;
  // Removes a folder and everything in it; links are removed, not followed. Ok if there is none.
  virtual absl::Status RemoveFolder(const std::string& path) = 0;
  // Makes a folder and those above it, durably. Ok if it is there. One whose name could not be made durable is removed
  // again, unless something is in it by then.
  virtual absl::Status MakeFolder(const std::string& path) = 0;
  // Names in a folder, sorted, without "." and "..".
  virtual absl::StatusOr<std::vector<std::string>> List(const std::string& folder) = 0;
  // Makes durable what is in a file, whoever wrote it; but a writer's failed Sync may have lost what others still read.
  virtual absl::Status SyncFile(const std::string& path) = 0;
  // Makes renames, new and removed names in the folder durable.
  virtual absl::Status SyncFolder(const std::string& folder) = 0;
  // Is there something of this name (links followed)?
  virtual absl::StatusOr<bool> Exists(const std::string& path) = 0;
};

// The machine's disk. Lives as long as the process.
Files& RealFiles();

// The whole file; OutOfRange if it is larger than `max_size` bytes. NotFound if there is none.
absl::StatusOr<std::string> ReadFile(Files& files, const std::string& path, uint64_t max_size);

// After success `path` holds `contents`, also after a crash of the machine; after failure or a crash in the middle it
// holds what it held before. Writes PATH.tmp beside it, syncs, renames, syncs the folder. One writer of a path at a
// time.
absl::Status WriteFileDurably(Files& files, const std::string& path, absl::string_view contents, unsigned mode = 0644);

}  // namespace pumasi

#endif  // PUMASI_COMMON_FILE_H_
