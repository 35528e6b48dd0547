// Real processes that are killed or stopped while they sum.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>

#include "tests/collective/members.h"

namespace pumasi {
namespace {

using std::chrono::milliseconds;

constexpr size_t kFloats = 100000;

// Sums until it fails. `calls`: how often it went well.
absl::Status SumOn(const Meeting& meeting, uint32_t self, milliseconds timeout, std::atomic<int>& calls) {
  auto allreduce = meeting.Join(self);
  if (!allreduce.ok()) return allreduce.status();
  while (true) {
    std::vector<float> values(kFloats, 1.0f);
    absl::Status status = (*allreduce)->Sum({values.data()}, kFloats, values.data(), timeout);
    if (!status.ok()) return status;
    ++calls;
  }
}

TEST_CASE("A process that is killed or stopped is named by all others, in time") {
  constexpr uint32_t kVictim = 1;
  for (const Transport transport : {Transport::kShared, Transport::kUnix, Transport::kTcp}) {
    for (const int signal : {SIGKILL, SIGSTOP}) {
      CAPTURE(NameOf(transport), signal);
      // Too long for a death to be found out by it.
      const milliseconds timeout = signal == SIGKILL ? milliseconds(60000) : milliseconds(1500);
      const Meeting meeting(EvenGroup(4, 4), transport);
      std::atomic<int> calls{0};
      const pid_t victim = fork();  // no thread is there
      REQUIRE(victim >= 0);
      if (victim == 0) {
        std::atomic<int> own{0};
        (void)SumOn(meeting, kVictim, std::chrono::minutes(1), own);
        _exit(0);
      }
      std::vector<absl::Status> outcomes(4);
      InThreads({0, 2, 3, kVictim}, [&](uint32_t self) {
        if (self != kVictim) {
          outcomes[self] = SumOn(meeting, self, timeout, calls);
          calls += 1000;  // whatever happens, the other thread goes on
        } else {
          while (calls < 20) std::this_thread::yield();
          kill(victim, signal);
        }
      });
      kill(victim, SIGKILL);
      int status = 0;
      CHECK(waitpid(victim, &status, 0) == victim);
      for (const uint32_t self : {0u, 2u, 3u}) {
        const std::string text(outcomes[self].message());
        INFO(self << ": " << outcomes[self]);
        CHECK((text.find("worker-1 is ") == 0 || text.find("worker-1 did ") == 0));
        CHECK((absl::IsUnavailable(outcomes[self]) || (signal == SIGSTOP && absl::IsDeadlineExceeded(outcomes[self]))));
      }
    }
  }
}

}  // namespace
}  // namespace pumasi
