// `pumasi train --link`: daemons on hosts of their own, with links of a rate. Needs the right to make network
// namespaces (root); skips with a line otherwise.
#include <catch2/catch.hpp>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/exit_code.h"
#include "common/file.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

ProgramResult Train(const TempFolder& folder, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"train",    folder / "job.yaml", "--json",  "--workers",     "2",
                                        "--output", folder / "out",      "--cache", folder / "cache"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return Pumasi(arguments);
}

}  // namespace

TEST_CASE("on hosts with links of their own a job trains the same bits, and run.json names the link") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 300, 1);
  const ProgramResult here = Train(folder, {});
  REQUIRE(here.code == 0);
  for (const std::vector<std::string>& mode : {std::vector<std::string>{}, {"--set", "mode=allreduce"}}) {
    std::vector<std::string> arguments = mode;
    arguments.insert(arguments.end(), {"--link", "100mbit"});
    const ProgramResult there = Train(folder, arguments);
    if (there.errors.find("may not make network namespaces") != std::string::npos ||
        there.errors.find("iproute2") != std::string::npos) {
      CHECK(there.code != 0);
      std::cout << "SKIPPED: " << there.errors;
      return;
    }
    INFO(there.errors);
    REQUIRE(there.code == 0);
    CHECK(nlohmann::json::parse(there.output)["parameters_sha256"] ==
          nlohmann::json::parse(here.output)["parameters_sha256"]);
    const auto run = ReadFile(RealFiles(), folder / "out/run.json", 1 << 20);
    REQUIRE(run.ok());
    CHECK(nlohmann::json::parse(*run)["link"] == "100mbit");
  }
}

TEST_CASE("a link that is no rate is refused before anything is started") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 100, 1);
  const ProgramResult result = Train(folder, {"--link", "fast"});
  CHECK(result.code == kExitBadInput);
  CHECK(result.errors.find("--link fast: expected a rate") != std::string::npos);
}

}  // namespace pumasi
