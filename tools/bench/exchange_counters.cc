#include "tools/bench/exchange_counters.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "common/errno_status.h"

namespace pumasi {

bool ExchangeCounter::WaitUntilReady(absl::Duration timeout) {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const timespec deadline = absl::ToTimespec(absl::DurationFromTimespec(now) + timeout);
  while (sem_clockwait(&ready_, CLOCK_MONOTONIC, &deadline) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

absl::StatusOr<std::unique_ptr<ExchangeCounters>> ExchangeCounters::Map(const std::string& path, bool create) {
  const int file = open(path.c_str(), O_RDWR | O_CLOEXEC | (create ? O_CREAT | O_EXCL : 0), 0600);
  if (file < 0 || (create && ftruncate(file, sizeof(Shared)) != 0)) {
    absl::Status status = ErrnoStatus(errno, path, "share");
    if (file >= 0) close(file);
    return status;
  }
  void* const memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  const int error = errno;
  close(file);
  if (memory == MAP_FAILED) return ErrnoStatus(error, path, "map");
  return std::unique_ptr<ExchangeCounters>(new ExchangeCounters(static_cast<Shared*>(memory)));
}

absl::StatusOr<std::unique_ptr<ExchangeCounters>> ExchangeCounters::Create(const std::string& path) {
  auto counters = Map(path, true);
  if (!counters.ok()) return counters;
  // The file's zeros are counters of 0.
  for (ExchangeCounter& server : (*counters)->shared_->servers) sem_init(&server.ready_, 1, 0);
  for (ExchangeCounter& client : (*counters)->shared_->clients) sem_init(&client.ready_, 1, 0);
  return counters;
}

absl::StatusOr<std::unique_ptr<ExchangeCounters>> ExchangeCounters::Open(const std::string& path) {
  return Map(path, false);
}

ExchangeCounters::~ExchangeCounters() { munmap(shared_, sizeof(Shared)); }

}  // namespace pumasi
