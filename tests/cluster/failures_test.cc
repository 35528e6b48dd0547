// What no copy and no restart can mend ends in a clear error, and never in a hang. What can be mended:
// recovery_test.cc.
#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "common/clock.h"
#include "tests/cluster/job_on_cluster.h"
#include "tests/cluster/program.h"
#include "tests/cluster/small_job.h"
#include "tests/common/temp_folder.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("a job whose servers are all gone waits for some, fails in the end, and goes on when it is resumed") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 3, "checkpoint: {every_batches: 10}\nrecover_timeout: 2\n");
  JobOnCluster job(folder, 1, 1);
  job.Submit();
  job.WaitForBatch(20);
  job.cluster().Find("server-0")->Signal(SIGKILL);
  const v1::JobStatus waits = job.WaitForState(v1::RECOVERING);
  CHECK_THAT(waits.message(), Contains("server-0"));
  const v1::JobStatus failed = job.WaitForEnd();
  CHECK(failed.state() == v1::FAILED);
  CHECK_THAT(failed.message(), Contains("server"));
  REQUIRE(job.Restart("server-0").ok());
  const ProgramResult resume = Pumasi({"resume", job.job_id(), "--scheduler", job.cluster().scheduler_address()});
  INFO(resume.errors);
  REQUIRE(resume.code == 0);
  const v1::JobStatus status = job.WaitForEnd();
  INFO(status.ShortDebugString());
  CHECK(status.state() == v1::DONE);
  CHECK(status.samples() == 3000);
}

TEST_CASE("nodes take up the next job after one that failed") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 1000);
  JobOnCluster job(folder, 1, 2);
  job.Submit();
  job.WaitForBatch(20);
  REQUIRE(job.link().Cancel(job.job_id()).ok());
  CHECK(job.WaitForEnd().state() == v1::CANCELLED);
  WriteSmallJob(folder.path(), 300, 1);
  job.Submit();
  const v1::JobStatus status = job.WaitForEnd();
  INFO(status.message());
  CHECK(status.state() == v1::DONE);
  CHECK(status.samples() == 300);
}

TEST_CASE("a job from a client that leaves the defaults out is completed, or refused; the scheduler goes on") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 100, 1);
  JobOnCluster cluster(folder, 1, 1);
  v1::SubmitRequest request;
  v1::Job& job = *request.mutable_job();
  job.set_name("bare");
  job.mutable_data()->set_train("train.csv");
  job.mutable_data()->add_text("text");
  job.mutable_data()->set_label("label");
  job.mutable_tokenizer();
  job.add_model()->mutable_embedding()->set_width(4);
  job.add_model()->mutable_lstm()->set_units(4);
  job.add_model()->mutable_dense()->set_activation(v1::ACTIVATION_SOFTMAX);
  job.mutable_optimizer()->mutable_adam();
  request.set_base(folder.path());
  request.set_output(folder / "bare");
  SECTION("completed") {
    auto id = cluster.link().Submit(request);
    INFO(id.status().ToString());
    REQUIRE(id.ok());
    v1::JobStatus status;
    do {
      status = *cluster.link().GetJob(*id, status.change(), absl::Seconds(10));
    } while (!Ended(status.state()));
    INFO(status.message());
    CHECK(status.state() == v1::DONE);
    CHECK(status.samples() == 100);
  }
  SECTION("refused") {
    job.set_micro_batches(0);
    CHECK_THAT(std::string(cluster.link().Submit(request).status().message()), Contains("micro_batches"));
    CHECK(cluster.link().ListJobs().ok());
  }
}

TEST_CASE("a loss that is no number ends the job, and the error names batch and part") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 300, 50);
  const ProgramResult result = Pumasi({"train", folder / "job.yaml", "--json", "--output", folder / "out", "--cache",
                                       folder / "cache", "--set", "optimizer={sgd: {learning_rate: 3.0e+38}}"});
  INFO(result.output);
  CHECK(result.code == 1);
  const auto json = nlohmann::json::parse(result.output);
  CHECK(json["state"] == "failed");
  CHECK_THAT(json["message"].get<std::string>(), Contains("batch") && Contains("part"));
}

TEST_CASE("a malformed row fails the job with file and line, or is skipped and counted") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 300, 1);
  std::ofstream(folder / "train.csv", std::ios::app) << "7,\"one field too many\",class1,oops\n";
  std::vector<std::string> arguments = {"train",        folder / "job.yaml", "--json",        "--output",
                                        folder / "out", "--cache",           folder / "cache"};
  ProgramResult result = Pumasi(arguments);
  CHECK(result.code == 1);
  CHECK_THAT(result.errors, Contains("train.csv:302"));
  arguments.insert(arguments.end(), {"--set", "data.on_error=skip"});
  result = Pumasi(arguments);
  INFO(result.errors);
  REQUIRE(result.code == 0);
  const auto json = nlohmann::json::parse(result.output);
  CHECK(json["skipped_rows"] == 1);
  CHECK(json["samples"] == 300);
}

TEST_CASE("Ctrl-C ends the training with code 130 and leaves nothing running") {
  TempFolder folder;
  WriteSmallJob(folder.path(), 1000, 100000);
  auto train = ChildProcess::Start("pumasi",
                                   {BuiltProgram("tools/cli/pumasi"), "train", folder / "job.yaml", "--output",
                                    folder / "out", "--cache", folder / "cache"},
                                   folder / "log");
  REQUIRE(train.ok());
  // Its log says when it trains; a line is written at least every 10 s.
  const auto trains = [&] {
    std::ifstream log(folder / "out/logs/scheduler.log");
    return std::string(std::istreambuf_iterator<char>(log), {}).find("TRAINING") != std::string::npos;
  };
  const absl::Duration deadline = RealClock().Now() + absl::Seconds(60);
  while (!trains() && RealClock().Now() < deadline && (*train)->Running())
    (*train)->WaitUntil(RealClock().Now() + absl::Milliseconds(20));
  REQUIRE(trains());
  std::string children;
  std::getline(std::ifstream("/proc/" + std::to_string((*train)->pid()) + "/task/" + std::to_string((*train)->pid()) +
                             "/children"),
               children);
  REQUIRE(children.size() > 5);
  (*train)->Signal(SIGINT);
  REQUIRE((*train)->WaitUntil(RealClock().Now() + absl::Seconds(20)));
  CHECK((*train)->HowItEnded() == "exit code 130");
  std::istringstream pids(children);
  for (pid_t pid; pids >> pid;) CHECK(kill(pid, 0) != 0);
}

}  // namespace pumasi
