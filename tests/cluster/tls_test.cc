// Three hosts in network namespaces, a switch between them, and mutual TLS on every connection. Needs the right to make
// namespaces (root); skips with a line otherwise.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
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

// Hosts 10.99.0.1 to .3, each in a namespace of its own, on one bridge in a fourth. All are removed at the end.
class Hosts {
 public:
  Hosts() : prefix_("pumasi" + std::to_string(getpid()) + "-") {
    usable_ = Ip("netns add " + prefix_ + "0") && In(0, "link add br0 type bridge") && In(0, "link set br0 up");
    for (int host = 1; usable_ && host <= 3; ++host) {
      const std::string n = std::to_string(host);
      usable_ = Ip("netns add " + prefix_ + n) &&
                In(0, "link add port" + n + " type veth peer name eth0 netns " + prefix_ + n) &&
                In(0, "link set port" + n + " master br0") && In(0, "link set port" + n + " up") &&
                In(host, "addr add 10.99.0." + n + "/24 dev eth0") && In(host, "link set eth0 up") &&
                In(host, "link set lo up");
    }
  }
  ~Hosts() {
    for (int host = 0; host <= 3; ++host) Ip("netns del " + prefix_ + std::to_string(host));
  }
  bool usable() const { return usable_; }
  // The command, run on a host.
  std::vector<std::string> On(int host, std::vector<std::string> command) const {
    command.insert(command.begin(), {ip_, "netns", "exec", prefix_ + std::to_string(host)});
    return command;
  }

 private:
  bool Ip(const std::string& arguments) {
    return std::system((ip_ + " " + arguments + " >/dev/null 2>&1").c_str()) == 0;
  }
  bool In(int host, const std::string& arguments) {
    return Ip("-n " + prefix_ + std::to_string(host) + " " + arguments);
  }

  const std::string ip_ = access("/sbin/ip", X_OK) == 0 ? "/sbin/ip" : "/usr/bin/ip";
  const std::string prefix_;
  bool usable_ = false;
};

std::vector<std::string> Tls(const TempFolder& folder, const std::string& name) {
  return {"--tls.ca=" + folder / "certs/ca.crt", "--tls.certificate=" + folder / "certs/" + name + ".crt",
          "--tls.key=" + folder / "certs/" + name + ".key"};
}

}  // namespace

TEST_CASE("three hosts train over mutual TLS; strangers and wrong roles are refused") {
  Hosts hosts;
  if (!hosts.usable()) {
    std::cout << "SKIPPED: this machine does not allow network namespaces\n";
    return;
  }
  TempFolder folder;
  const std::string job = WriteSmallJob(folder.path(), 300, 1);
  ProgramResult made = Pumasi({"init", folder / "certs", "--node", "scheduler:head=10.99.0.1", "--node",
                               "server:s1=10.99.0.2", "--node", "server:s2=10.99.0.3", "--node", "worker:w1=10.99.0.2",
                               "--node", "worker:w2=10.99.0.3", "--node", "client:me"});
  INFO(made.errors);
  REQUIRE(made.code == 0);
  made = Pumasi({"init", folder / "other", "--node", "client:me"});
  REQUIRE(made.code == 0);

  std::vector<std::unique_ptr<ChildProcess>> daemons;
  const auto start = [&](int host, const std::string& kind, const std::string& name, std::vector<std::string> flags) {
    std::vector<std::string> command = {
        BuiltDaemon(kind), "--name=" + name,
        "--listen=10.99.0." + std::to_string(host) + (kind == "scheduler" ? ":7070" : ":0")};
    if (kind != "scheduler") command.push_back("--scheduler=10.99.0.1:7070");
    for (const std::string& flag : Tls(folder, name)) command.push_back(flag);
    command.insert(command.end(), flags.begin(), flags.end());
    auto daemon = ChildProcess::Start(name, hosts.On(host, command), folder / name + ".log");
    REQUIRE(daemon.ok());
    daemons.push_back(*std::move(daemon));
  };
  start(1, "scheduler", "head", {"--output_root=" + folder.path()});
  start(2, "server", "s1", {"--output_root=" + folder.path()});
  start(3, "server", "s2", {"--output_root=" + folder.path()});
  start(2, "worker", "w1", {"--data_root=" + folder.path(), "--cache=" + folder / "cache"});
  start(3, "worker", "w2", {"--data_root=" + folder.path(), "--cache=" + folder / "cache"});

  const auto client_config = [&](const std::string& certs, const std::string& name) {
    const std::string path = folder / "client-" + name + "-" + certs + ".yaml";
    std::ofstream(path) << "scheduler: 10.99.0.1:7070\ntimeout: 15\ntls: {ca: " << folder / "certs/ca.crt"
                        << ", certificate: " << folder.path() << "/" << certs << "/" << name
                        << ".crt, key: " << folder.path() << "/" << certs << "/" << name << ".key}\n";
    return path;
  };
  const std::string pumasi = BuiltProgram("tools/cli/pumasi");
  const std::string me = client_config("certs", "me");
  ProgramResult result =
      Run(hosts.On(1, {pumasi, "submit", job, "--config", me, "--servers", "2", "--workers", "2", "--output", "out"}));
  INFO(result.errors);
  REQUIRE(result.code == 0);
  const std::string id = result.output.substr(0, result.output.size() - 1);
  result = Run(hosts.On(3, {pumasi, "watch", id, "--config", me, "--json"}));
  INFO(result.errors);
  INFO(result.output);
  REQUIRE(result.code == 0);
  const auto status = nlohmann::json::parse(result.output);
  CHECK(status["state"] == "done");
  CHECK(status["servers"] == 2);
  CHECK(status["workers"] == 2);

  // The same bits as without TLS on one host.
  const ProgramResult local =
      Pumasi({"train", job, "--json", "--output", folder / "local", "--cache", folder / "cache"});
  REQUIRE(local.code == 0);
  CHECK(nlohmann::json::parse(local.output)["parameters_sha256"] == status["parameters_sha256"]);

  // A worker's certificate may not do what clients do; one of another authority may do nothing; none at all neither.
  result = Run(hosts.On(2, {pumasi, "jobs", "--config", client_config("certs", "w1")}));
  CHECK(result.code == 1);
  CHECK_THAT(result.errors, Contains("worker"));
  result = Run(hosts.On(2, {pumasi, "jobs", "--config", client_config("other", "me")}));
  CHECK(result.code != 0);
  result = Run(hosts.On(2, {pumasi, "jobs", "--scheduler", "10.99.0.1:7070"}));
  CHECK(result.code != 0);
  CHECK_THAT(result.errors, Contains("tls"));
  for (const auto& daemon : daemons) daemon->Signal(SIGTERM);
  for (const auto& daemon : daemons) CHECK(daemon->WaitUntil(RealClock().Now() + absl::Seconds(10)));
}

}  // namespace pumasi
