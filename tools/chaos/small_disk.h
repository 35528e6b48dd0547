// A disk of its own for a folder, which can be filled up: a file system in memory, for this process and its children.
#ifndef PUMASI_TOOLS_CHAOS_SMALL_DISK_H_
#define PUMASI_TOOLS_CHAOS_SMALL_DISK_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace pumasi {

// Nobody else sees it, and the kernel removes it, with all that is on it, once the last process is gone that does. Not
// thread-safe.
class SmallDisk {
 public:
  // Makes the folder if it is not there; what it had is hidden. The calling thread, and the threads and processes that
  // it starts afterwards, see the disk: call it in the main thread, before there are others. PermissionDenied: this
  // process may not mount, with what it would take.
  static absl::StatusOr<std::unique_ptr<SmallDisk>> Make(const std::string& folder, uint64_t bytes);
  ~SmallDisk();
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  // Nothing can be written from now on, but for what others remove meanwhile.
  absl::Status Fill();
  absl::Status Free();

 private:
  explicit SmallDisk(std::string folder) : folder_(std::move(folder)) {}
  std::string ballast() const { return folder_ + "/.ballast"; }

  const std::string folder_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_SMALL_DISK_H_
