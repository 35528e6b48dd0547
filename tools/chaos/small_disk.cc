#include "tools/chaos/small_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/descriptor.h"
#include "common/errno_status.h"
#include "common/file.h"

namespace pumasi {

absl::StatusOr<std::unique_ptr<SmallDisk>> SmallDisk::Make(const std::string& folder, uint64_t bytes) {
  if (absl::Status status = RealFiles().MakeFolder(folder); !status.ok()) return status;
  // Private: what is mounted here is not to be seen where this process comes from.
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("pumasi-chaos", folder.c_str(), "tmpfs", MS_NODEV | MS_NOSUID, absl::StrCat("size=", bytes).c_str()) != 0) {
    const std::string why = absl::StrCat("this process may not mount a disk (", strerror(errno),
                                         "): that takes root, or `unshare --user --map-root-user` before the command");
    return errno == EPERM || errno == EACCES ? absl::PermissionDeniedError(why) : absl::FailedPreconditionError(why);
  }
  return std::unique_ptr<SmallDisk>(new SmallDisk(folder));
}

SmallDisk::~SmallDisk() { (void)umount2(folder_.c_str(), MNT_DETACH); }

absl::Status SmallDisk::Fill() {
  const Descriptor file(open(ballast().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (file.get() < 0 && errno == ENOSPC) return absl::OkStatus();
  if (file.get() < 0) return ErrnoStatus(errno, ballast(), "make");
  std::vector<char> bytes(1 << 20);
  // Pieces that get smaller, down to nothing, fill the last page, too.
  for (size_t piece = bytes.size(); piece > 0;) {
    const ssize_t written = write(file.get(), bytes.data(), piece);
    if (written > 0 || (written < 0 && errno == EINTR)) continue;
    if (written < 0 && errno != ENOSPC) return ErrnoStatus(errno, ballast(), "write");
    piece /= 2;
  }
  return absl::OkStatus();
}

absl::Status SmallDisk::Free() {
  if (unlink(ballast().c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return ErrnoStatus(errno, ballast(), "remove");
}

}  // namespace pumasi
