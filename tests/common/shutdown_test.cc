#include "common/shutdown.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

namespace pumasi {
namespace {

// Runs `body` in a process of its own, as signal handlers and their counts are a process'. Returns its exit status.
template <typename Body>
int InChild(const Body& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(20);
    body();
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void Expect(bool condition, int code) {
  if (!condition) _exit(code);
}

TEST_CASE("the first signal asks for the end, and waits end") {
  for (const int signal : {SIGTERM, SIGINT}) {
    CHECK(InChild([signal] {
            Shutdown& shutdown = Shutdown::Install();
            Expect(!shutdown.Requested(), 10);
            Expect(!shutdown.WaitFor(absl::Milliseconds(1)), 11);
            kill(getpid(), signal);
            Expect(shutdown.WaitFor(absl::InfiniteDuration()), 12);
            Expect(shutdown.Requested(), 13);
            Expect(shutdown.Signal() == signal, 14);
            pollfd entry = {shutdown.fd(), POLLIN, 0};
            Expect(poll(&entry, 1, 0) == 1, 15);
          }) == 0);
  }
}

TEST_CASE("the second signal ends the process at once") {
  CHECK(InChild([] {
          Shutdown::Install();
          kill(getpid(), SIGTERM);
          kill(getpid(), SIGINT);
        }) == 130);
}

TEST_CASE("the end can be asked for from inside, and wakes a waiting thread") {
  CHECK(InChild([] {
          Shutdown& shutdown = Shutdown::Install();
          std::thread thread([&] { shutdown.Request(); });
          Expect(shutdown.WaitFor(absl::InfiniteDuration()), 10);
          thread.join();
          shutdown.Request();
          Expect(shutdown.Requested(), 11);
          Expect(shutdown.Signal() == 0, 12);
          // A signal after that is still the first one.
          kill(getpid(), SIGTERM);
          Expect(shutdown.Requested(), 13);
        }) == 0);
}

TEST_CASE("writing to a closed pipe does not end the process") {
  CHECK(InChild([] {
          Shutdown::Install();
          int ends[2];
          Expect(pipe(ends) == 0, 10);
          close(ends[0]);
          Expect(write(ends[1], "x", 1) == -1, 11);
        }) == 0);
}

}  // namespace
}  // namespace pumasi
