#include "common/failpoint.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

namespace pumasi {
namespace {

constexpr char kApplied[] = "server.push.applied";

// Switches all off again, whatever becomes of the test.
struct Settings {
  explicit Settings(const std::string& text) : status(SetFailpoints(text)) {}
  ~Settings() { SetFailpoints("").IgnoreError(); }
  absl::Status status;
};

// How a child process ends that comes by a failpoint once; -1 for the signal that stopped it.
int EndOfChild(const std::string& settings, bool* stopped) {
  const pid_t child = fork();
  if (child == 0) {
    if (!SetFailpoints(settings).ok()) _exit(3);
    _exit(PUMASI_FAILPOINT("server.push.applied").ok() ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, WUNTRACED) == child);
  *stopped = WIFSTOPPED(status);
  if (*stopped) {
    kill(child, SIGCONT);
    REQUIRE(waitpid(child, &status, 0) == child);
  }
  return status;
}

TEST_CASE("a failpoint that is not set does nothing") {
  CHECK(PUMASI_FAILPOINT("server.push.applied").ok());
  Settings settings("server.push.received=error");
  CHECK(PUMASI_FAILPOINT("server.push.applied").ok());
}

TEST_CASE("a failpoint fails at the hit that is set, or from it on") {
  const auto hits = [](const std::string& text) {
    Settings settings(text);
    REQUIRE(settings.status.ok());
    std::string seen;
    for (int hit = 0; hit < 5; ++hit) seen += PUMASI_FAILPOINT("server.push.applied").ok() ? '.' : 'x';
    return seen;
  };
  CHECK(hits("server.push.applied=error") == "x....");
  CHECK(hits("server.push.applied=error@3") == "..x..");
  CHECK(hits(" server.push.received=crash , server.push.applied=error@2+ ") == ".xxxx");
  Settings settings("server.push.applied=error");
  CHECK(PUMASI_FAILPOINT("server.push.applied").message() == "failpoint server.push.applied");
}

TEST_CASE("a failpoint lets a process die at once, or stop until it is continued") {
  bool stopped = false;
  int status = EndOfChild("server.push.applied=crash", &stopped);
  CHECK_FALSE(stopped);
  CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  status = EndOfChild("server.push.applied=stop", &stopped);
  CHECK(stopped);
  CHECK((WIFEXITED(status) && WEXITSTATUS(status) == 0));
}

TEST_CASE("settings that say nothing sensible are refused, and change nothing") {
  Settings settings("server.push.applied=error@2");
  for (const char* bad : {"server.push.aplied=error", "server.push.applied", "server.push.applied=explode",
                          "server.push.applied=error@0", "server.push.applied=error@", "server.push.applied=error@x",
                          "server.push.applied=error,server.push.applied=crash", "=crash"}) {
    CAPTURE(bad);
    CHECK(absl::IsInvalidArgument(SetFailpoints(bad)));
  }
  CHECK(std::string(SetFailpoints("server.push.aplied=error").message()).find("did you mean 'server.push.applied'?") !=
        std::string::npos);
  CHECK(PUMASI_FAILPOINT("server.push.applied").ok());
  CHECK_FALSE(PUMASI_FAILPOINT("server.push.applied").ok());
}

TEST_CASE("the environment sets failpoints") {
  Settings off("");
  REQUIRE(setenv(kFailpointsVariable, "server.push.applied=error", 1) == 0);
  CHECK(SetFailpointsFromEnvironment().ok());
  CHECK(absl::IsUnavailable(HitFailpoint(kApplied)));
  REQUIRE(unsetenv(kFailpointsVariable) == 0);
  CHECK(SetFailpointsFromEnvironment().ok());
  CHECK(PUMASI_FAILPOINT("server.push.applied").ok());
}

TEST_CASE("names of failpoints are sorted and unique") {
  const auto& names = FailpointNames();
  CHECK(std::is_sorted(names.begin(), names.end()));
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

}  // namespace
}  // namespace pumasi
