// What the mains of all three daemons share: settings, log, signals, and an orderly end.
#ifndef PUMASI_COMMON_RPC_DAEMON_H_
#define PUMASI_COMMON_RPC_DAEMON_H_

#include <string>

#include "absl/status/status.h"
#include "proto/config.pb.h"

namespace pumasi {

// To be called first, before there are other threads. Messages and gradients are large, and as many are freed as are
// made: the allocator keeps their pages instead of giving them back to the system, which would have to clear them again
// for the next ones. And gRPC's locks do not look for deadlocks, which Debian's build of Abseil does at each locking.
void SetUpProcess();

// `name`, or HOST-PID where it is empty.
std::string NodeName(const std::string& name);

// Reports why a daemon could not start or go on, on the log and on standard error, and returns the exit code.
int Failed(const absl::Status& status);

// Tells `path` (may be empty) the advertised address, for whoever started the daemon with port 0: written beside and
// renamed.
absl::Status WriteAddressFile(const std::string& path, const std::string& address);

}  // namespace pumasi

#endif  // PUMASI_COMMON_RPC_DAEMON_H_
