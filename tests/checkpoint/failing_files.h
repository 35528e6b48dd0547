// A disk that fails when it is told to, in front of the real one; and one that is quick, since it never waits for the
// real one's platters.
#ifndef PUMASI_TESTS_CHECKPOINT_FAILING_FILES_H_
#define PUMASI_TESTS_CHECKPOINT_FAILING_FILES_H_

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "common/file.h"

namespace pumasi {

// Counts the operations that change the disk. The one whose number is `fail_at` fails (a write after half of its
// bytes), and with `for_good` all later ones do, too.
class FailingFiles : public Files {
 public:
  int fail_at = -1;
  bool for_good = false;
  bool exchanges = true;  // like a file system that can
  bool links = true;      // likewise
  // "write /path/to/file": what was done, in order.
  std::vector<std::string> done;

  // Writes a file at once.
  void Put(const std::string& path, absl::string_view contents) {
    if (absl::Status status = WriteFileDurably(*this, path, contents); !status.ok())
      throw std::runtime_error(status.ToString());
  }

  absl::Status Step(const std::string& what) {
    const int number = static_cast<int>(done.size());
    done.push_back(what);
    const bool fails = number == fail_at || (for_good && fail_at >= 0 && number > fail_at);
    return fails ? absl::ResourceExhaustedError(what + ": No space left on device") : absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<ReadableFile>> Open(const std::string& path) override {
    return RealFiles().Open(path);
  }
  absl::StatusOr<std::unique_ptr<MappedFile>> OpenMapped(const std::string& path) override {
    return RealFiles().OpenMapped(path);
  }
  absl::StatusOr<std::unique_ptr<WritableFile>> Create(const std::string& path, CreateOptions options) override {
    if (absl::Status status = Step("create " + path); !status.ok()) return status;
    auto file = RealFiles().Create(path, options);
    if (!file.ok()) return file.status();
    return absl::make_unique<File>(this, path, *std::move(file));
  }
  absl::Status Rename(const std::string& from, const std::string& to) override {
    absl::Status status = Step("rename " + from);
    return status.ok() ? RealFiles().Rename(from, to) : status;
  }
  absl::Status Link(const std::string& from, const std::string& to) override {
    if (!links) return absl::UnimplementedError("link " + from);
    absl::Status status = Step("link " + from);
    return status.ok() ? RealFiles().Link(from, to) : status;
  }
  absl::Status Exchange(const std::string& a, const std::string& b) override {
    if (!exchanges) return absl::UnimplementedError("exchange " + a);
    absl::Status status = Step("exchange " + a);
    return status.ok() ? RealFiles().Exchange(a, b) : status;
  }
  absl::Status Remove(const std::string& path) override {
    absl::Status status = Step("remove " + path);
    return status.ok() ? RealFiles().Remove(path) : status;
  }
  absl::Status RemoveFolder(const std::string& path) override {
    absl::Status status = Step("remove folder " + path);
    return status.ok() ? RealFiles().RemoveFolder(path) : status;
  }
  absl::Status MakeFolder(const std::string& path) override {
    absl::Status status = Step("make folder " + path);
    return status.ok() ? RealFiles().MakeFolder(path) : status;
  }
  absl::StatusOr<std::vector<std::string>> List(const std::string& folder) override { return RealFiles().List(folder); }
  absl::Status SyncFile(const std::string& path) override { return Step("sync " + path); }
  absl::Status SyncFolder(const std::string& folder) override { return Step("sync folder " + folder); }
  absl::StatusOr<bool> Exists(const std::string& path) override { return RealFiles().Exists(path); }

 private:
  class File : public WritableFile {
   public:
    File(FailingFiles* disk, std::string path, std::unique_ptr<WritableFile> file)
        : disk_(disk), path_(std::move(path)), file_(std::move(file)) {}
    absl::Status Write(absl::string_view data) override {
      absl::Status status = disk_->Step("write " + path_);
      if (!status.ok()) (void)file_->Write(data.substr(0, data.size() / 2));
      return status.ok() ? file_->Write(data) : status;
    }
    absl::Status Sync() override { return disk_->Step("sync " + path_); }
    absl::Status Close() override {
      absl::Status status = disk_->Step("close " + path_);
      return status.ok() ? file_->Close() : status;
    }

   private:
    FailingFiles* const disk_;
    const std::string path_;
    const std::unique_ptr<WritableFile> file_;
  };
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_CHECKPOINT_FAILING_FILES_H_
