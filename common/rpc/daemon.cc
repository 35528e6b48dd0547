#include "common/rpc/daemon.h"

#include <malloc.h>
#include <unistd.h>

#include <cstdio>

#include "absl/synchronization/mutex.h"
#include "common/exit_code.h"
#include "common/file.h"
#include "common/log.h"

namespace pumasi {

void SetUpProcess() {
  // The first one has no effect above half of an arena's 64 MiB.
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 256 << 20);
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
}

std::string NodeName(const std::string& name) {
  if (!name.empty()) return name;
  char host[256] = "host";
  (void)gethostname(host, sizeof host - 1);
  return std::string(host) + "-" + std::to_string(getpid());
}

int Failed(const absl::Status& status) {
  Log(Severity::kError, status.message());
  return ExitCodeOf(status);
}

absl::Status WriteAddressFile(const std::string& path, const std::string& address) {
  return path.empty() ? absl::OkStatus() : WriteFileDurably(RealFiles(), path, address + "\n");
}

}  // namespace pumasi
