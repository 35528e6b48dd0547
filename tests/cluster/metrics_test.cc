// What daemons have counted, as a scraper and a user see it.
#include <signal.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "common/clock.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"
#include "tests/metrics/exposition.h"
#include "tests/metrics/http.h"
#include "tools/cli/child_process.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;
using nlohmann::json;

// Daemons that serve their metrics at ports of the system's choice.
class Daemons {
 public:
  explicit Daemons(const TempFolder& folder) : folder_(folder) {
    Start("scheduler", "h", {"--listen=127.0.0.1:0", "--output_root=" + folder.path()});
    address_ = Logged("h", "scheduler is up");
    Start("server", "s", {"--scheduler=" + address_, "--output_root=" + folder.path()});
    Start("worker", "w", {"--scheduler=" + address_, "--data_root=" + folder.path(), "--cache=" + folder / "cache"});
  }

  const std::string& scheduler() const { return address_; }
  // As a scraper gets it.
  std::string Scrape(const std::string& name) {
    if (!ports_.count(name)) {
      const std::string address = Logged(name, "metrics are served");
      ports_[name] = std::stoi(address.substr(address.rfind(':') + 1));
    }
    return HttpAnswer(ports_[name], "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  // Scrapes until the daemon says what is wanted; fails after a minute.
  Exposition ScrapeUntil(const std::string& name, const std::function<bool(const Exposition&)>& wanted) {
    const absl::Duration deadline = RealClock().Now() + absl::Minutes(1);
    while (true) {
      const std::string text = BodyOf(Scrape(name));
      const Exposition seen = ReadExposition(text);
      if (wanted(seen)) return seen;
      INFO(name << " says " << text);
      REQUIRE(RealClock().Now() < deadline);
      REQUIRE_FALSE(children_[name]->WaitUntil(RealClock().Now() + absl::Milliseconds(50)));
    }
  }
  void End() {
    for (const char* name : {"w", "s", "h"}) {
      CAPTURE(name);
      children_[name]->Signal(SIGTERM);
      REQUIRE(children_[name]->WaitUntil(RealClock().Now() + absl::Seconds(10)));
      CHECK(children_[name]->HowItEnded() == "exit code 0");
    }
  }

 private:
  void Start(const std::string& kind, const std::string& name, std::vector<std::string> flags) {
    flags.insert(flags.begin(),
                 {BuiltDaemon(kind), "--name=" + name, "--log_format=json", "--metrics.listen=127.0.0.1:0"});
    auto daemon = ChildProcess::Start(name, flags, folder_ / name + ".log");
    REQUIRE(daemon.ok());
    children_[name] = *std::move(daemon);
  }
  // The address in the log's event with this message; fails if it does not come.
  std::string Logged(const std::string& name, const std::string& message) {
    const absl::Duration deadline = RealClock().Now() + absl::Seconds(30);
    while (true) {
      std::ifstream log(folder_ / name + ".log");
      for (std::string line; std::getline(log, line) && !log.eof();) {
        const json event = json::parse(line);
        if (event.value("message", "") == message) return event.at("address");
      }
      CAPTURE(name, message);
      REQUIRE(RealClock().Now() < deadline);
      REQUIRE_FALSE(children_[name]->WaitUntil(RealClock().Now() + absl::Milliseconds(20)));
    }
  }

  const TempFolder& folder_;
  std::string address_;
  std::map<std::string, std::unique_ptr<ChildProcess>> children_;
  std::map<std::string, int> ports_;
};

}  // namespace

TEST_CASE("every daemon tells what it has done for a job, over HTTP and to `pumasi metrics`") {
  TempFolder folder;
  const std::string job = WriteSmallJob(folder.path(), 2000, 1000);
  Daemons daemons(folder);
  const ProgramResult submitted = Pumasi({"submit", job, "--scheduler", daemons.scheduler(), "--output", "out"});
  INFO(submitted.errors);
  REQUIRE(submitted.code == 0);
  const std::string id = submitted.output.substr(0, submitted.output.size() - 1);
  const std::map<std::string, std::string> of_job = {{"job", id}};
  const auto with = [&](const std::string& label, const std::string& value) {
    std::map<std::string, std::string> labels = of_job;
    labels[label] = value;
    return labels;
  };

  const Exposition worker = daemons.ScrapeUntil("w", [&](const Exposition& seen) {
    return seen.Sum("pumasi_worker_rows_total", with("kind", "train")) >= 200 &&
           seen.Sum("pumasi_worker_bytes_total", with("direction", "pushed")) > 0;
  });
  CHECK(worker.Sum("pumasi_build_info", {{"role", "worker"}, {"node", "w"}}) == 1);
  for (const char* stage : {"read", "pull", "compute", "push"}) {
    CAPTURE(stage);
    CHECK(worker.Sum("pumasi_stage_seconds_count", with("stage", stage)) > 0);
  }
  CHECK(worker.Sum("pumasi_busy_seconds_total", of_job) > 0);
  CHECK(worker.Count("pumasi_wait_seconds_total", of_job) == 7);
  CHECK(worker.Sum("pumasi_worker_calls_total", with("outcome", "ok")) > 0);
  CHECK(worker.Sum("pumasi_worker_bytes_total", with("direction", "pulled")) > 0);
  CHECK(worker.Sum("pumasi_worker_alone", of_job) == 0);

  const Exposition server = daemons.ScrapeUntil(
      "s", [&](const Exposition& seen) { return seen.Sum("pumasi_stage_seconds_count", with("stage", "apply")) > 0; });
  CHECK(server.Sum("pumasi_build_info", {{"role", "server"}, {"node", "s"}}) == 1);
  CHECK(server.Sum("pumasi_stage_seconds_count", with("stage", "serve")) > 0);
  CHECK(server.Sum("pumasi_server_slots", with("role", "primary")) > 0);
  CHECK(server.Sum("pumasi_server_slot_batches_total", of_job) > 0);
  CHECK(server.Sum("pumasi_server_version", of_job) > 0);
  CHECK(server.Sum("pumasi_server_memory_bytes", with("use", "tables")) > 0);

  const Exposition scheduler = daemons.ScrapeUntil(
      "h", [&](const Exposition& seen) { return seen.Sum("pumasi_job_batch_seconds_count", of_job) > 0; });
  CHECK(scheduler.Sum("pumasi_nodes", {{"role", "server"}, {"state", "alive"}}) == 1);
  CHECK(scheduler.Sum("pumasi_nodes", {{"role", "worker"}, {"state", "alive"}}) == 1);
  CHECK(scheduler.Sum("pumasi_jobs") == 1);
  CHECK(scheduler.Sum("pumasi_job_batches", of_job) == 63 * 1000);
  CHECK(scheduler.Sum("pumasi_job_batches_done", of_job) > 0);
  CHECK(scheduler.Sum("pumasi_job_leases_total", of_job) > 0);
  CHECK(scheduler.Sum("pumasi_scheduler_commit_seconds_count") > 0);
  CHECK(scheduler.Sum("pumasi_scheduler_failed_commits_total") == 0);

  // Counters only grow.
  const Exposition later = daemons.ScrapeUntil("w", [&](const Exposition& seen) {
    return seen.Sum("pumasi_worker_rows_total") > worker.Sum("pumasi_worker_rows_total");
  });
  for (const Exposition::Sample& sample : worker.samples) {
    const std::string& name = sample.name;
    const bool grows = name.find("_total") != std::string::npos || name.find("_bucket") != std::string::npos;
    CAPTURE(name);
    if (grows) CHECK(later.Sum(name, sample.labels) >= sample.value);
  }

  for (const auto& [node, role] : {std::pair("", "scheduler"), {"s", "server"}, {"w", "worker"}}) {
    std::vector<std::string> command = {"metrics", "--scheduler", daemons.scheduler()};
    if (*node != '\0') command.insert(command.end(), {"--node", node});
    const ProgramResult text = Pumasi(command);
    INFO(text.errors);
    REQUIRE(text.code == 0);
    CHECK(ReadExposition(text.output).Sum("pumasi_build_info", {{"role", role}}) == 1);
    command.push_back("--json");
    const ProgramResult as_json = Pumasi(command);
    REQUIRE(as_json.code == 0);
    CHECK(json::parse(as_json.output)[0]["series"][0]["labels"]["role"] == role);
  }
  const ProgramResult nobody = Pumasi({"metrics", "--node", "x", "--scheduler", daemons.scheduler()});
  CHECK(nobody.code == 1);
  CHECK_THAT(nobody.errors, Contains("'x'") && Contains("pumasi nodes"));

  CHECK(Pumasi({"cancel", id, "--scheduler", daemons.scheduler()}).code == 0);
  // A job's numbers go from its nodes with it; the scheduler keeps them.
  daemons.ScrapeUntil("w", [&](const Exposition& seen) { return seen.Count("pumasi_worker_rows_total", of_job) == 0; });
  daemons.ScrapeUntil("h", [&](const Exposition& seen) {
    return seen.Sum("pumasi_jobs", {{"state", "cancelled"}}) == 1 &&
           seen.Sum("pumasi_job_batch_seconds_count", of_job) > 0;
  });
  daemons.End();
}

TEST_CASE("metrics over HTTP are for this machine alone unless the setting says otherwise") {
  for (const std::string kind : {"scheduler", "server", "worker"}) {
    CAPTURE(kind);
    TempFolder folder;
    std::vector<std::string> command = {BuiltDaemon(kind), "--listen=127.0.0.1:0", "--metrics.listen=0.0.0.0:0"};
    if (kind != "worker") command.push_back("--output_root=" + folder.path());
    const ProgramResult result = Run(command, "", 20);
    CHECK(result.code == 2);
    CHECK_THAT(result.errors, Contains("metrics.open_to_all") && Contains("127.0.0.1"));
  }
}

}  // namespace pumasi
