#include "worker/input/cache_lock.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "tests/worker_input/data_folder.h"

namespace pumasi {
namespace {

LockWait Patient(const std::string& who) {
  LockWait wait;
  wait.who = who;
  wait.patience = absl::Seconds(60);
  return wait;
}

TEST_CASE("A lock that is free is had at once, again and again") {
  DataFolder folder;
  for (int i = 0; i < 3; ++i) CHECK(CacheLock::Acquire(folder / "lock", Patient("me")).ok());
}

TEST_CASE("Who waits longer than its patience is told for whom") {
  DataFolder folder;
  const auto held = CacheLock::Acquire(folder / "lock", Patient("job nsmc, worker w1"));
  REQUIRE(held.ok());
  LockWait wait = Patient("another");
  wait.patience = absl::ZeroDuration();
  std::string told;
  wait.waiting = [&](const std::string& holder) { told = holder; };
  const absl::Status status = CacheLock::Acquire(folder / "lock", wait).status();
  CHECK(absl::IsDeadlineExceeded(status));
  CHECK_THAT(std::string(status.message()), Catch::Matchers::Contains("job nsmc, worker w1"));
  CHECK_THAT(told, Catch::Matchers::Contains("job nsmc, worker w1"));
}

TEST_CASE("A wait ends when it is cancelled") {
  DataFolder folder;
  const auto held = CacheLock::Acquire(folder / "lock", Patient("me"));
  LockWait wait = Patient("another");
  wait.cancelled = [] { return true; };
  CHECK(absl::IsCancelled(CacheLock::Acquire(folder / "lock", wait).status()));
}

TEST_CASE("Threads hold the lock one at a time") {
  DataFolder folder;
  std::atomic<int> inside{0};
  std::atomic<bool> alone{true};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) {
        const auto lock = CacheLock::Acquire(folder / "lock", Patient("a thread"));
        if (!lock.ok() || ++inside != 1) alone = false;
        --inside;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(alone);
}

TEST_CASE("The lock of a process that dies is free") {
  DataFolder folder;
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    const auto lock = CacheLock::Acquire(folder / "lock", Patient("the child"));
    const char held = lock.ok() ? 'y' : 'n';
    if (write(ready[1], &held, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char held = 0;
  REQUIRE(read(ready[0], &held, 1) == 1);
  CHECK(held == 'y');
  LockWait impatient = Patient("the parent");
  impatient.patience = absl::ZeroDuration();
  CHECK(absl::IsDeadlineExceeded(CacheLock::Acquire(folder / "lock", impatient).status()));
  std::thread killer([&] { kill(child, SIGKILL); });
  CHECK(CacheLock::Acquire(folder / "lock", Patient("the parent")).ok());
  killer.join();
  CHECK(waitpid(child, nullptr, 0) == child);
  close(ready[0]);
  close(ready[1]);
}

}  // namespace
}  // namespace pumasi
