#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "tools/chaos/flags.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

// What ParseChaosFlags makes of these.
ChaosFlags Parse(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"pumasi-chaos", "job.yaml", "--output", "out"});
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ChaosFlags flags;
  REQUIRE_FALSE(ParseChaosFlags(static_cast<int>(arguments.size()), argv.data(), &flags).has_value());
  return flags;
}

std::string Refused(const std::vector<std::string>& arguments) {
  const auto mode = ModeOf(Parse(arguments));
  CAPTURE(arguments);
  REQUIRE(absl::IsInvalidArgument(mode.status()));
  return std::string(mode.status().message());
}

}  // namespace

TEST_CASE("what is done to a cluster follows from the flags") {
  struct Row {
    std::vector<std::string> arguments;
    bool disturbs;
    double every;
    bool kills_only;
  };
  for (const Row& row : std::vector<Row>{
           {{}, true, 5, false},
           {{"--faults", "kill"}, true, 5, true},
           {{"--faults", "kill", "--every", "60"}, true, 60, true},
           {{"--faults", "kill,stop"}, true, 5, false},
           {{"--partitions"}, true, 5, false},
           {{"--partitions", "--faults", "oneway,kill", "--every", "2"}, true, 2, false},
           {{"--faults", "restart"}, true, 5, false},
           {{"--disk", "64", "--faults", "full,kill"}, true, 5, false},
           {{"--scheduler-away", "30"}, true, 5, false},
           {{"--slow-worker", "0.1"}, false, 5, false},
           {{"--oversubscribe", "2"}, false, 5, false},
           {{"--oversubscribe", "2", "--faults", "kill"}, true, 5, true},
       }) {
    CAPTURE(row.arguments);
    const auto mode = ModeOf(Parse(row.arguments));
    REQUIRE(mode.ok());
    CHECK(static_cast<bool>(mode->scenario) == row.disturbs);
    CHECK(mode->every == row.every);
    CHECK(mode->kills_only == row.kills_only);
  }
}

TEST_CASE("flags that do not go together are refused, with what would be right") {
  CHECK_THAT(Refused({"--faults", "burn"}), Contains("'burn'") && Contains("kill") && Contains("restart"));
  CHECK_THAT(Refused({"--faults", "partition"}), Contains("--partitions"));
  CHECK_THAT(Refused({"--faults", "kill,loss"}), Contains("--partitions"));
  CHECK_THAT(Refused({"--faults", "full"}), Contains("--disk"));
  CHECK_THAT(Refused({"--faults", "restart,kill"}), Contains("alone"));
  CHECK_THAT(Refused({"--slow-worker", "0.1", "--faults", "kill"}), Contains("exclude"));
  CHECK_THAT(Refused({"--slow-worker", "0.1", "--scheduler-away", "30"}), Contains("exclude"));
  CHECK_THAT(Refused({"--slow-worker", "0.1", "--workers", "1"}), Contains("--workers"));
  CHECK_THAT(Refused({"--slow-worker", "0.1", "--reference"}), Contains("--reference"));
}

TEST_CASE("flags that cannot be are refused with exit code 2") {
  for (const std::vector<std::string>& bad : std::vector<std::vector<std::string>>{
           {"--slow-worker", "2"}, {"--every", "0"}, {"--targets", "gateway"}, {"--reference", "--expect", "12"}}) {
    CAPTURE(bad);
    std::vector<std::string> arguments = {"pumasi-chaos", "job.yaml", "--output", "out"};
    arguments.insert(arguments.end(), bad.begin(), bad.end());
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    ChaosFlags flags;
    CHECK(ParseChaosFlags(static_cast<int>(arguments.size()), argv.data(), &flags) == 2);
  }
}

}  // namespace pumasi
