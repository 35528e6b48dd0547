#include "tools/compare/run_file.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/common/temp_folder.h"
#include "tests/compare/some_runs.h"
#include "tools/compare/run_json.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

std::string ErrorOf(const std::string& path) {
  const auto runs = ReadRuns(RealFiles(), path);
  REQUIRE_FALSE(runs.ok());
  CHECK(runs.status().code() == absl::StatusCode::kInvalidArgument);
  return std::string(runs.status().message());
}

TEST_CASE("A run is read from its folder, or from a file that holds what train --json printed") {
  TempFolder folder;
  std::filesystem::create_directory(folder / "out");
  Json json = RunJson(SomeRun("ps", 2, 100));
  json.erase("source");  // run.json has none
  std::ofstream(folder / "out/run.json") << ToLine(json) << "\n";
  auto runs = ReadRuns(RealFiles(), folder / "out");
  REQUIRE(runs.ok());
  REQUIRE(runs->size() == 1);
  CHECK(runs->front().source == folder / "out");
  CHECK(runs->front().rows_per_s == 100);
  std::ofstream(folder / "printed.json") << "{\"rows_per_s\": 7}\n";
  runs = ReadRuns(RealFiles(), folder / "printed.json");
  REQUIRE(runs.ok());
  CHECK(runs->front().rows_per_s == 7);
}

TEST_CASE("A comparison's folder gives all of its runs, under the names that they had") {
  TempFolder folder;
  Json report;
  report["runs"] = {RunJson(SomeRun("ps", 1, 100)), RunJson(SomeRun("ps", 2, 100))};
  std::ofstream(folder / "report.json") << ToLine(report);
  const auto runs = ReadRuns(RealFiles(), folder.path());
  REQUIRE(runs.ok());
  REQUIRE(runs->size() == 2);
  CHECK((*runs)[1].source == "runs/some");
}

TEST_CASE("What holds no run says what would") {
  TempFolder folder;
  CHECK_THAT(ErrorOf(folder.path()), Contains("run.json") && Contains("pumasi train"));
  CHECK_THAT(ErrorOf(folder / "nowhere"), Contains("nowhere"));
  std::ofstream(folder / "text") << "rows_per_s: 7";
  CHECK_THAT(ErrorOf(folder / "text"), Contains("is not JSON"));
  std::ofstream(folder / "run.json") << "{}";
  CHECK_THAT(ErrorOf(folder.path()), Contains("rows_per_s"));
}

}  // namespace
}  // namespace pumasi
