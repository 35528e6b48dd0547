#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "common/errno_status.h"
#include "common/file.h"

namespace pumasi {
namespace {

namespace fs = std::filesystem;

class RealWritableFile : public WritableFile {
 public:
  RealWritableFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}
  ~RealWritableFile() override {
    if (fd_ >= 0) close(fd_);
  }

  absl::Status Write(absl::string_view data) override {
    while (!data.empty()) {
      const ssize_t written = write(fd_, data.data(), data.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus(errno, path_, "write");
      }
      data.remove_prefix(static_cast<size_t>(written));
    }
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    return fsync(fd_) == 0 ? absl::OkStatus() : ErrnoStatus(errno, path_, "sync to disk");
  }

  absl::Status Close() override {
    const int fd = std::exchange(fd_, -1);
    return close(fd) == 0 ? absl::OkStatus() : ErrnoStatus(errno, path_, "close");
  }

 private:
  const std::string path_;
  int fd_;
};

class RealReadableFile : public ReadableFile {
 public:
  RealReadableFile(std::string path, int fd, uint64_t size) : path_(std::move(path)), fd_(fd), size_(size) {}
  ~RealReadableFile() override { close(fd_); }

  uint64_t size() const override { return size_; }

  absl::StatusOr<size_t> Read(uint64_t offset, char* to, size_t size) const override {
    size_t done = 0;
    while (done < size) {
      const ssize_t got = pread(fd_, to + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0) {
        if (errno == EINTR) continue;
        return ErrnoStatus(errno, path_, "read");
      }
      if (got == 0) break;
      done += static_cast<size_t>(got);
    }
    return done;
  }

 private:
  const std::string path_;
  const int fd_;
  const uint64_t size_;
};

class RealMappedFile : public MappedFile {
 public:
  RealMappedFile(void* data, size_t size) : data_(data), size_(size) {}
  ~RealMappedFile() override {
    if (data_ != nullptr) munmap(data_, size_);
  }

  const char* data() const override { return static_cast<const char*>(data_); }
  uint64_t size() const override { return size_; }

 private:
  void* const data_;
  const size_t size_;
};

// Opens a regular file to read it.
absl::StatusOr<int> OpenToRead(const std::string& path, uint64_t* size) {
  // Opening a named pipe would wait for a writer: without O_NONBLOCK a job could hang a daemon by naming one.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return ErrnoStatus(errno, path, "open");
  struct stat info;
  if (fstat(fd, &info) != 0) {
    const int error = errno;
    close(fd);
    return ErrnoStatus(error, path, "open");
  }
  if (!S_ISREG(info.st_mode)) {
    close(fd);
    if (S_ISDIR(info.st_mode)) return ErrnoStatus(EISDIR, path, "open");
    return absl::InvalidArgumentError(path + ": not a regular file");
  }
  *size = static_cast<uint64_t>(info.st_size);
  return fd;
}

// `not_needed`: an error that means there is nothing to wait for.
absl::Status OpenAndSync(const std::string& path, int flags, int not_needed = 0) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (fd < 0) return ErrnoStatus(errno, path, "open");
  const int result = fsync(fd);
  const int error = errno;
  close(fd);
  return result == 0 || error == not_needed ? absl::OkStatus() : ErrnoStatus(error, path, "sync to disk");
}

class RealFilesImpl : public Files {
 public:
  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    uint64_t size = 0;
    const auto fd = OpenToRead(path, &size);
    if (!fd.ok()) return fd.status();
    return absl::make_unique<RealReadableFile>(path, *fd, size);
  }

  absl::StatusOr<std::unique_ptr<MappedFile>> OpenMapped(const std::string& path) override {
    uint64_t size = 0;
    const auto fd = OpenToRead(path, &size);
    if (!fd.ok()) return fd.status();
    void* const data = size == 0 ? nullptr : mmap(nullptr, size, PROT_READ, MAP_SHARED, *fd, 0);
    const int error = errno;
    close(*fd);
    if (data == MAP_FAILED) return ErrnoStatus(error, path, "map");
    return absl::make_unique<RealMappedFile>(data, size);
  }

  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path, CreateOptions options) override {
    const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (options.exclusive ? O_EXCL : O_TRUNC);
    const int fd = open(path.c_str(), flags, options.mode);
    if (fd < 0) return ErrnoStatus(errno, path, "create");
    return absl::make_unique<RealWritableFile>(path, fd);
  }

  absl::Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    return ErrnoStatus(errno, from, "rename to " + to);
  }

  absl::Status Link(const std::string& from, const std::string& to) override {
    if (link(from.c_str(), to.c_str()) == 0) return absl::OkStatus();
    // Such answers come from file systems without links, between two file systems, and from a file with too many.
    for (const int cannot : {EPERM, EXDEV, EMLINK, ENOSYS, EOPNOTSUPP}) {
      if (errno == cannot)
        return absl::UnimplementedError(absl::StrCat(from, ": the file system can't link it to ", to));
    }
    return ErrnoStatus(errno, from, "link to " + to);
  }

  absl::Status Exchange(const std::string& a, const std::string& b) override {
    if (renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) == 0) return absl::OkStatus();
    if (errno == EINVAL || errno == ENOSYS) {
      return absl::UnimplementedError(absl::StrCat(a, ": the file system can't exchange names"));
    }
    return ErrnoStatus(errno, a, "exchange with " + b);
  }

  absl::Status Remove(const std::string& path) override {
    return unlink(path.c_str()) == 0 ? absl::OkStatus() : ErrnoStatus(errno, path, "remove");
  }

  absl::Status RemoveFolder(const std::string& path) override {
    std::error_code error;
    fs::remove_all(path, error);
    return error ? ErrnoStatus(error.value(), path, "remove") : absl::OkStatus();
  }

  absl::Status MakeFolder(const std::string& path) override {
    fs::path made;
    for (const fs::path& part : fs::path(path)) {
      const fs::path parent = made.empty() ? fs::path(".") : made;
      made /= part;
      if (mkdir(made.c_str(), 0777) == 0) {
        if (absl::Status status = SyncFolder(parent.string()); !status.ok()) {
          // Left behind it would be taken for durable by the next call, and a crash would lose all that is in it.
          rmdir(made.c_str());
          return status;
        }
      } else if (errno != EEXIST && errno != EISDIR) {
        // An ancestor that may not be looked at, or lies on a disk that is only read, is none of our business if it is
        // there.
        const int error = errno;
        std::error_code ignored;
        if (!fs::is_directory(made, ignored)) return ErrnoStatus(error, path, "make this folder");
      }
    }
    std::error_code error;
    if (fs::is_directory(path, error)) return absl::OkStatus();
    return ErrnoStatus(error ? error.value() : ENOTDIR, path, "make this folder");
  }

  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) override {
    DIR* const open_folder = opendir(folder.c_str());
    if (open_folder == nullptr) return ErrnoStatus(errno, folder, "list");
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = readdir(open_folder)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    const int error = errno;
    closedir(open_folder);
    if (error != 0) return ErrnoStatus(error, folder, "list");
    std::sort(names.begin(), names.end());
    return names;
  }

  absl::Status SyncFile(const std::string& path) override { return OpenAndSync(path, 0); }

  // Some file systems can't sync a folder, and say so with EINVAL: there is nothing to wait for then.
  absl::Status SyncFolder(const std::string& folder) override { return OpenAndSync(folder, O_DIRECTORY, EINVAL); }

  absl::StatusOr<bool> Exists(const std::string& path) override {
    struct stat info;
    if (stat(path.c_str(), &info) == 0) return true;
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return ErrnoStatus(errno, path, "look at");
  }
};

}  // namespace

Files& RealFiles() {
  static RealFilesImpl* const files = new RealFilesImpl;
  return *files;
}

}  // namespace pumasi
