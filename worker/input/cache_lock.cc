#include "worker/input/cache_lock.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/descriptor.h"
#include "common/errno_status.h"
#include "common/escape.h"

namespace pumasi {
namespace {

// How long a wait for the holder goes on before cancellation and deadline are looked at again.
constexpr absl::Duration kLook = absl::Milliseconds(100);

// Who wrote itself into the lock file.
std::string ReadHolder(int fd) {
  char text[256];
  const ssize_t got = pread(fd, text, sizeof(text), 0);
  return got > 0 ? EscapeControls(absl::string_view(text, got)) : "a process that has not said its name yet";
}

void WriteHolder(int fd, const std::string& who) {
  const std::string text = absl::StrCat("process ", getpid(), who.empty() ? "" : " (", who, who.empty() ? "" : ")");
  // Only for messages: nothing is lost if it cannot be written.
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data(), text.size(), 0) < 0) return;
}

// Waits until somebody closes the file, or a moment.
void WaitForClose(int watch, absl::Duration moment) {
  pollfd event = {watch, POLLIN, 0};
  if (poll(&event, 1, static_cast<int>(absl::ToInt64Milliseconds(moment)) + 1) <= 0) return;
  alignas(inotify_event) char events[4096];
  while (read(watch, events, sizeof(events)) > 0) {
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<CacheLock>> CacheLock::Acquire(const std::string& path, const LockWait& wait) {
  Descriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (file.get() < 0) return ErrnoStatus(errno, path, "open");
  // Closing the file ends the holder's lock, so be told of closing. The watch begins before the first try: no end of a
  // lock is missed. Where there are no watches, or the lock ends just after its file is closed, looking again every
  // moment does.
  const Descriptor watch(inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (watch.get() >= 0) inotify_add_watch(watch.get(), path.c_str(), IN_CLOSE_WRITE | IN_CLOSE_NOWRITE);

  const absl::Duration deadline = wait.clock->Now() + wait.patience;
  std::string holder;
  for (;;) {
    if (flock(file.get(), LOCK_EX | LOCK_NB) == 0) break;
    if (errno != EWOULDBLOCK && errno != EINTR) return ErrnoStatus(errno, path, "lock");
    const absl::Duration left = deadline - wait.clock->Now();
    if (wait.cancelled && wait.cancelled()) {
      return absl::CancelledError("cancelled while waiting for another process that prepares the same data");
    }
    if (std::string now = ReadHolder(file.get()); now != holder) {
      holder = std::move(now);
      if (wait.waiting) wait.waiting(holder);
    }
    if (left <= absl::ZeroDuration()) {
      return absl::DeadlineExceededError(absl::StrCat("waited ", absl::FormatDuration(wait.patience), " for ", holder,
                                                      ", which prepares the same data (lock ", path, ")"));
    }
    WaitForClose(watch.get(), std::min(left, kLook));
  }
  WriteHolder(file.get(), wait.who);
  return std::unique_ptr<CacheLock>(new CacheLock(file.release()));
}

CacheLock::~CacheLock() {
  // Unlocked before it is closed, so that those who are told of closing find the lock free.
  flock(fd_, LOCK_UN);
  close(fd_);
}

}  // namespace pumasi
