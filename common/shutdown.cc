#include "common/shutdown.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "common/clock.h"
#include "common/exit_code.h"

namespace pumasi {
namespace {

// What the handler touches: nothing but these and async-signal-safe calls.
std::atomic<int> event_fd{-1};
std::atomic<int> signals{0};
std::atomic<int> first_signal{0};
static_assert(std::atomic<int>::is_always_lock_free);

void Raise() {
  const uint64_t one = 1;
  // Can only fail when the counter is full, and then it is readable anyway.
  [[maybe_unused]] const ssize_t written = write(event_fd.load(), &one, sizeof(one));
}

void HandleSignal(int signal) {
  if (signals.fetch_add(1) > 0) _exit(kExitInterrupted);
  const int saved = errno;
  first_signal.store(signal);
  Raise();
  errno = saved;
}

}  // namespace

Shutdown& Shutdown::Install() {
  static Shutdown* const shutdown = new Shutdown;
  return *shutdown;
}

Shutdown::Shutdown() {
  const int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0) std::abort();  // no descriptor is left at the very start: nothing can run
  event_fd.store(fd);
  struct sigaction action = {};
  action.sa_handler = HandleSignal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

bool Shutdown::Requested() const { return WaitFor(absl::ZeroDuration()); }

bool Shutdown::WaitFor(absl::Duration timeout) const {
  const absl::Duration end = RealClock().Now() + timeout;
  for (;;) {
    pollfd entry = {event_fd.load(), POLLIN, 0};
    // Rounded up, so that a rest below a millisecond does not spin; long waits go in pieces that fit an int.
    const absl::Duration left = std::clamp(end - RealClock().Now(), absl::ZeroDuration(), absl::Hours(24));
    const int milliseconds = static_cast<int>(absl::ToInt64Milliseconds(left + absl::Microseconds(999)));
    const int ready = poll(&entry, 1, milliseconds);
    if (ready > 0) return true;
    if (RealClock().Now() >= end) return false;
  }
}

void Shutdown::Request() { Raise(); }

int Shutdown::Signal() const { return first_signal.load(); }

int Shutdown::fd() const { return event_fd.load(); }

}  // namespace pumasi
