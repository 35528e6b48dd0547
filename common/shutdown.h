// Ending a process in good order: the first SIGTERM or SIGINT asks for it, the second ends the process at once.
#ifndef PUMASI_COMMON_SHUTDOWN_H_
#define PUMASI_COMMON_SHUTDOWN_H_

#include "absl/time/time.h"

namespace pumasi {

// One a process, as signals are. Thread-safe.
class Shutdown {
 public:
  // Takes over SIGTERM and SIGINT, and ignores SIGPIPE (writing to a closed connection is an error, not an end). Call
  // it early in main; later calls change nothing.
  static Shutdown& Install();

  // Was the end asked for?
  bool Requested() const;

  // Waits until the end is asked for, or for `timeout`. Returns Requested().
  bool WaitFor(absl::Duration timeout) const;

  // Asks for the end, as a first signal does. More calls do no more.
  void Request();

  // The signal that asked first; 0 if it was Request, or nobody yet.
  int Signal() const;

  // Can be polled: readable from when the end is asked for. Not to be read or closed.
  int fd() const;

 private:
  Shutdown();
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_SHUTDOWN_H_
