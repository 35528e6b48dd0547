// pumasi compare, as its users type it.
#include <signal.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/clock.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"
#include "tools/cli/child_process.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

std::string Contents(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("Runs that are there are compared") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 300, 2);
  for (const std::string workers : {"1", "2"}) {
    const ProgramResult result = Pumasi({"train", folder / "job.yaml", "--workers", workers, "--json", "--output",
                                         folder / "out" + workers, "--cache", folder / "cache"});
    INFO(result.errors);
    REQUIRE(result.code == 0);
    const json run = json::parse(Contents(folder / "out" + workers + "/run.json"));
    CHECK(run["result"]["parameters_sha256"] == json::parse(result.output)["parameters_sha256"]);
    CHECK(run["steps"] == 20);  // 9 batches of 32 rows and one of 12, twice
    CHECK(run["metric"] == "accuracy");
    REQUIRE(run["tests"].size() == 2);
    CHECK(run["tests"][1]["samples"] == 600);
    REQUIRE_FALSE(run["curve"].empty());
    CHECK(run["curve"].back()[1] == 600);
    CHECK(run["peak_bytes"]["worker-0"] > 1000000);
    CHECK(run["peak_bytes"].contains("server-1"));
    CHECK(run["job"]["batch"] == 32);
  }
  ProgramResult result = Pumasi({"compare", folder / "out1", folder / "out2", "--output", folder / "report", "--json"});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  const json report = json::parse(result.output);
  CHECK(report == json::parse(Contents(folder / "report/report.json")));
  REQUIRE(report["configurations"].size() == 2);
  CHECK(report["configurations"][0]["label"] == "ps, 1 worker");
  CHECK(report["configurations"][1]["label"] == "ps, 2 workers");
  CHECK(report["configurations"][1]["efficiency"].is_number());
  CHECK(report["configurations"][0]["bytes_pulled_a_step"]["median"] > 100);
  CHECK(report["warnings"].empty());
  CHECK_THAT(report["verdict"].get<std::string>(), Contains("same parameters, bit for bit"));
  CHECK_THAT(Contents(folder / "report/report.html"), Contains("Chart.js v") && Contains("ps, 2 workers"));

  // A report's folder stands for its runs; people get a table.
  result = Pumasi({"compare", folder / "report", "--output", folder / "again"});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  CHECK_THAT(result.output, Contains("rows/s") && Contains("report: " + folder / "again/report.html"));
}

TEST_CASE("A job is trained in each way, in turn") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 200, 1);
  const ProgramResult result =
      Pumasi({"compare", folder / "job.yaml", "--workers", "1,2", "--servers", "1", "--vary", "wire=float32,bf16",
              "--repeat", "1", "--warm-up", "1", "--output", folder / "report", "--cache", folder / "cache", "--json"});
  INFO(result.errors);
  REQUIRE(result.code == 0);
  const json report = json::parse(result.output);
  REQUIRE(report["configurations"].size() == 4);
  CHECK(report["configurations"][0]["label"] == "ps, 1 worker, wire=float32");
  CHECK(report["configurations"][3]["label"] == "ps, 2 workers, wire=bf16");
  CHECK(report["runs"].size() == 4);
  // bf16 makes less of what goes over the wire.
  const auto pulled = [&](int i) { return report["configurations"][i]["bytes_pulled_a_step"]["median"].get<double>(); };
  CHECK(pulled(2) < pulled(0));
  CHECK(std::filesystem::exists(folder / "report/runs/000-warm-up-ps-1-worker-wire-float32/run.json"));
  CHECK(std::filesystem::exists(folder / "report/runs/004-ps-2-workers-wire-bf16/run.json"));
  CHECK_FALSE(std::filesystem::exists(folder / "report/runs/004-ps-2-workers-wire-bf16/model"));
  CHECK_THAT(Pumasi({"compare", folder / "job.yaml", "--output", folder / "report"}).errors,
             Contains("is there already"));
}

TEST_CASE("What cannot be compared is refused with exit code 2 before anything is trained") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 100, 1);
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "compare");
    arguments.insert(arguments.end(), {"--output", folder / "report"});
    const ProgramResult result = Pumasi(arguments);
    CHECK(result.code == 2);
    CHECK_FALSE(std::filesystem::exists(folder / "report"));
    return result.errors;
  };
  CHECK_THAT(refused({folder / "job.yaml", "--modes", "ps,nonsense"}), Contains("nonsense") && Contains("ps"));
  CHECK_THAT(refused({folder / "job.yaml", "--vary", "wires=bf16"}), Contains("wires") && Contains("wire"));
  CHECK_THAT(refused({folder / "job.yaml", "--vary", "wire"}), Contains("KEY=A,B"));
  CHECK_THAT(refused({folder / "job.yaml", folder / "job.yaml"}), Contains("one job file alone"));
  CHECK_THAT(refused({folder.path()}), Contains("run.json"));
  std::ofstream(folder / "one.json") << R"({"rows_per_s": 7, "state": "done"})";
  CHECK_THAT(refused({folder / "job.yaml", "--target", "acuracy=0.8"}), Contains("accuracy, exact_match"));
  CHECK_THAT(refused({folder / "one.json"}), Contains("there is one run"));
  CHECK_THAT(refused({folder / "one.json", folder / "one.json", "--modes", "ps"}), Contains("--modes"));
  CHECK_THAT(refused({folder / "one.json", folder / "one.json", "--target", "speed=3"}), Contains("--target"));
}

TEST_CASE("SIGTERM ends the run under way") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 10000);
  auto child = ChildProcess::Start("compare",
                                   {BuiltProgram("tools/cli/pumasi"), "compare", folder / "job.yaml", "--repeat", "1",
                                    "--warm-up", "0", "--output", folder / "report", "--cache", folder / "cache"},
                                   folder / "log");
  REQUIRE(child.ok());
  // The run is under way once its daemons write their logs.
  const absl::Duration deadline = RealClock().Now() + absl::Seconds(60);
  const std::string log = folder / "report/runs/000-ps-1-worker/logs/worker-0.log";
  while (!std::filesystem::exists(log)) {
    REQUIRE(RealClock().Now() < deadline);
    REQUIRE_FALSE((*child)->WaitUntil(RealClock().Now() + absl::Milliseconds(50)));
  }
  (*child)->Signal(SIGTERM);
  REQUIRE((*child)->WaitUntil(RealClock().Now() + absl::Seconds(60)));
  CHECK((*child)->HowItEnded() == "exit code 130");
  CHECK_THAT(Contents(folder / "log"), Contains("interrupted in run 1 of 2"));
}

}  // namespace
}  // namespace pumasi
