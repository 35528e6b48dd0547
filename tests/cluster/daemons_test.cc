// The daemons as an administrator starts and stops them.
#include <signal.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "common/clock.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"
#include "tools/cli/child_process.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

const char* const kDaemons[] = {"scheduler", "server", "worker"};

std::string Contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// Looks at a file until it holds `text`; fails after a while.
void WaitForText(const std::string& path, const std::string& text, ChildProcess& writer) {
  const absl::Duration deadline = RealClock().Now() + absl::Seconds(30);
  while (Contents(path).find(text) == std::string::npos) {
    INFO(path << " holds " << Contents(path));
    REQUIRE(RealClock().Now() < deadline);
    REQUIRE_FALSE(writer.WaitUntil(RealClock().Now() + absl::Milliseconds(20)));
  }
}

}  // namespace

TEST_CASE("every daemon explains each of its settings, with default, bounds and unit") {
  for (const std::string kind : kDaemons) {
    CAPTURE(kind);
    const ProgramResult help = Run({BuiltDaemon(kind), "--help"});
    CHECK(help.code == 0);
    CHECK_THAT(help.output, Contains("--listen") && Contains("--tls.ca") && Contains("--log.format") &&
                                Contains("--config") && Contains("bytes") && Contains("127.0.0.1"));
    CHECK(Run({BuiltDaemon(kind), "--version"}).code == 0);
  }
}

TEST_CASE("bad settings are refused at start-up") {
  TempFolder folder;
  std::ofstream(folder / "bad.yaml") << "name: x\nlisten: 127.0.0.1:0\nlissten: 1\n";
  for (const std::string kind : kDaemons) {
    CAPTURE(kind);
    ProgramResult result = Run({BuiltDaemon(kind), "--config", folder / "bad.yaml"});
    CHECK(result.code == 2);
    CHECK_THAT(result.errors, Contains("bad.yaml:3") && Contains("listen"));
    result = Run({BuiltDaemon(kind), "--max_message=1"});
    CHECK(result.code == 2);
    CHECK_THAT(result.errors, Contains("65536"));
    result = Run({BuiltDaemon(kind), "--no-such-flag=1"});
    CHECK(result.code == 2);
  }
}

TEST_CASE("an address that others can reach is refused without TLS, and the message says how to go on") {
  for (const std::string kind : kDaemons) {
    CAPTURE(kind);
    const ProgramResult result = Run({BuiltDaemon(kind), "--listen=0.0.0.0:0"}, "", 20);
    CHECK(result.code > 0);
    CHECK_THAT(result.errors, Contains("tls") && Contains("pumasi init"));
  }
}

TEST_CASE("daemons start in any order on ports that the system chose, train, and end on SIGTERM with code 0") {
  TempFolder folder;
  const std::string job = WriteSmallJob(folder.path(), 300, 1);
  const auto start = [&](const std::string& kind, const std::string& name, std::vector<std::string> flags) {
    flags.insert(flags.begin(), {BuiltDaemon(kind), "--name=" + name, "--log_format=json"});
    auto daemon = ChildProcess::Start(name, flags, folder / name + ".log");
    REQUIRE(daemon.ok());
    return *std::move(daemon);
  };
  // A port that is free now; the scheduler takes it after the others have begun to look for it.
  auto probe = start("scheduler", "probe", {"--listen=127.0.0.1:0", "--address_file=" + folder / "probe"});
  WaitForText(folder / "probe", ":", *probe);
  std::string address = Contents(folder / "probe");
  address.pop_back();
  probe->Signal(SIGTERM);
  REQUIRE(probe->WaitUntil(RealClock().Now() + absl::Seconds(10)));
  CHECK(probe->HowItEnded() == "exit code 0");

  auto worker =
      start("worker", "w", {"--scheduler=" + address, "--data_root=" + folder.path(), "--cache=" + folder / "cache"});
  auto server = start("server", "s", {"--scheduler=" + address, "--output_root=" + folder.path()});
  WaitForText(folder / "w.log", "cannot register yet", *worker);
  auto scheduler = start("scheduler", "h", {"--listen=" + address, "--output_root=" + folder.path()});
  const ProgramResult submitted = Pumasi({"submit", job, "--scheduler", address, "--output", "out"});
  INFO(submitted.errors);
  REQUIRE(submitted.code == 0);
  const ProgramResult watched =
      Pumasi({"watch", submitted.output.substr(0, submitted.output.size() - 1), "--scheduler", address});
  INFO(watched.output);
  CHECK(watched.code == 0);

  for (const auto& daemon : {worker.get(), server.get(), scheduler.get()}) {
    CAPTURE(daemon->name());
    daemon->Signal(SIGTERM);
    REQUIRE(daemon->WaitUntil(RealClock().Now() + absl::Seconds(10)));
    CHECK(daemon->HowItEnded() == "exit code 0");
  }
  // Logs: one JSON object a line, with node and job.
  std::istringstream lines(Contents(folder / "w.log"));
  bool job_named = false;
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line);
    CHECK(event["node"] == "w");
    job_named = job_named || event.contains("job");
  }
  CHECK(job_named);
}

TEST_CASE("a job that leaves the allowed folders is refused") {
  TempFolder folder, outside;
  const std::string job = WriteSmallJob(outside.path(), 100, 1);
  const std::string socket = "unix:" + folder / "s.sock";
  auto scheduler = ChildProcess::Start("h",
                                       {BuiltDaemon("scheduler"), "--listen=" + socket,
                                        "--output_root=" + folder.path(), "--address_file=" + folder / "address"},
                                       folder / "h.log");
  REQUIRE(scheduler.ok());
  WaitForText(folder / "address", "sock", **scheduler);
  const ProgramResult result = Pumasi({"submit", job, "--scheduler", socket, "--output", outside / "out"});
  CHECK(result.code == 1);
  CHECK_THAT(result.errors, Contains(outside.path()));
  CHECK(Pumasi({"submit", job, "--scheduler", socket, "--output", "../out"}).code == 1);
  CHECK(Pumasi({"submit", job, "--scheduler", socket, "--resume", outside / "model"}).code == 1);
}

}  // namespace pumasi
