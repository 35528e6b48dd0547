// Where a job's time goes, as its user sees it.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

TEST_CASE("train says where each worker's time went, and traces what every daemon did") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 600, 2);
  ProgramResult result = Pumasi({"train", folder / "job.yaml", "--json", "--trace", folder / "trace.json", "--output",
                                 folder / "out", "--cache", folder / "cache"});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  const json profile = json::parse(result.output)["profile"];
  INFO(profile.dump());
  REQUIRE(profile["workers"].size() >= 1);  // the other one may have got nothing
  REQUIRE(profile["servers"].size() == 2);
  uint64_t computed = 0;
  for (const json& worker : profile["workers"]) {
    double sum = 0;
    for (const auto& [what, share] : worker["shares"].items()) {
      CHECK(share >= 0);
      sum += share.get<double>();
    }
    CHECK(sum == Approx(1));
    computed += worker["stages"].value("/compute/count"_json_pointer, 0);
  }
  // At least one unit of each of 2 · 19 batches, and two evaluations.
  CHECK(computed >= 40);
  CHECK(profile["bottleneck"]["sentence"].get<std::string>() != "");

  std::ifstream file(folder / "trace.json");
  const json trace = json::parse(file);
  CHECK(trace["otherData"]["dropped_events"] == 0);
  std::map<int, std::string> names;
  std::map<std::string, std::set<std::string>> stages;
  for (const json& event : trace["traceEvents"]) {
    if (event["name"] == "process_name") names[event["pid"]] = event["args"]["name"];
    if (event["ph"] == "X") stages[names.at(event["pid"])].insert(event["name"]);
  }
  std::set<std::string> of_workers;
  for (const auto& [name, seen] : stages) {
    CAPTURE(name);
    if (name.rfind("worker", 0) == 0) {
      of_workers.insert(seen.begin(), seen.end());
    } else {
      for (const char* stage : {"serve", "apply", "checkpoint"}) CHECK(seen.count(stage) == 1);
    }
  }
  for (const char* stage : {"read", "pull", "compute", "push"}) CHECK(of_workers.count(stage) == 1);
  CHECK(stages.count("server-0") + stages.count("server-1") == 2);

  result =
      Pumasi({"train", folder / "job.yaml", "--profile", "--output", folder / "out2", "--cache", folder / "cache"});
  CHECK(result.code == 0);
  CHECK_THAT(result.output, Contains("worker           compute  lease   read") && Contains("\nbottleneck: "));
}

TEST_CASE("a trace file that cannot be written is refused before anything is trained") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 200, 1);
  const ProgramResult result = Pumasi({"train", folder / "job.yaml", "--trace", folder / "no/such/trace.json",
                                       "--output", folder / "out", "--cache", folder / "cache"});
  CHECK(result.code != 0);
  CHECK_THAT(result.errors, Contains("no/such/trace.json"));
  CHECK_THAT(result.output, !Contains("epoch"));
}

}  // namespace
}  // namespace pumasi
