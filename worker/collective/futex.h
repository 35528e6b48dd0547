// Waiting for a number in memory that processes share.
#ifndef PUMASI_WORKER_COLLECTIVE_FUTEX_H_
#define PUMASI_WORKER_COLLECTIVE_FUTEX_H_

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <climits>
#include <cstdint>

namespace pumasi {

// Until somebody wakes it, the number is not `seen` any more, or `timeout` (>= 0) has passed; may also return for no
// reason. Memory that this process can only read is as well.
inline void FutexWait(const std::atomic<uint32_t>& number, uint32_t seen, std::chrono::nanoseconds timeout) {
  const timespec time{static_cast<time_t>(timeout.count() / 1000000000),
                      static_cast<long>(timeout.count() % 1000000000)};
  (void)syscall(SYS_futex, &number, FUTEX_WAIT, seen, &time, nullptr, 0);
}

// Wakes all who wait for the number.
inline void FutexWake(std::atomic<uint32_t>& number) {
  (void)syscall(SYS_futex, &number, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_FUTEX_H_
