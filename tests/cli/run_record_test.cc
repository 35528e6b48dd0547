#include "tools/cli/run_record.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "tools/compare/run_json.h"

namespace pumasi {
namespace {

v1::JobStatus Training(uint64_t samples, double loss = 1) {
  v1::JobStatus status;
  status.set_state(v1::TRAINING);
  status.set_samples(samples);
  status.set_train_seconds(static_cast<double>(samples) / 100);
  status.set_recent_loss(loss);
  return status;
}

std::vector<CurvePoint> CurveOf(const RunRecord& record) {
  v1::JobStatus last = Training(1);
  last.set_rows_per_s(1);
  auto run = RunFromJson(record.ToJson(v1::Job(), last, 1, 2), "x");
  REQUIRE(run.ok());
  return run->curve;
}

TEST_CASE("The curve has a point for each step forward") {
  RunRecord record;
  for (const uint64_t samples : {0, 100, 100, 250}) record.See(Training(samples, 2));
  record.See(Training(400, std::numeric_limits<double>::quiet_NaN()));
  CHECK(CurveOf(record) == std::vector<CurvePoint>{{1, 100, 2}, {2.5, 250, 2}});
}

TEST_CASE("A job that goes back takes its points with it") {
  RunRecord record;
  for (const uint64_t samples : {100, 200, 300, 200, 260}) record.See(Training(samples));
  CHECK(CurveOf(record) == std::vector<CurvePoint>{{1, 100, 1}, {2, 200, 1}, {2.6, 260, 1}});
}

TEST_CASE("A long curve is thinned evenly, and keeps its end") {
  RunRecord record;
  for (uint64_t i = 1; i <= 100000; ++i) record.See(Training(i));
  v1::JobStatus end = Training(100001);
  end.set_state(v1::DONE);
  record.See(end);
  const std::vector<CurvePoint> curve = CurveOf(record);
  CHECK(curve.size() <= RunRecord::kMostPoints + 1);
  CHECK(curve.size() >= RunRecord::kMostPoints / 4);
  CHECK(curve.back().samples == 100001);
  double longest = curve[0].samples;
  for (size_t i = 1; i < curve.size(); ++i) longest = std::max(longest, curve[i].samples - curve[i - 1].samples);
  CHECK(longest <= 100000 / (RunRecord::kMostPoints / 8.0));
}

TEST_CASE("Memory is the most that was seen, cores are those of the time of training") {
  RunRecord record;
  v1::JobStatus status;
  status.set_state(v1::PREPARING);
  CHECK(record.WantsProcesses(status, absl::Seconds(10)));
  record.SeeProcesses(status, absl::Seconds(10), {{"worker-0", {5e6, 100}}, {"server-0", {1e6, 100}}});
  CHECK_FALSE(record.WantsProcesses(status, absl::Seconds(10.5)));
  // Training begins: at once.
  CHECK(record.WantsProcesses(Training(0), absl::Seconds(10.5)));
  record.SeeProcesses(Training(0), absl::Seconds(10.5), {{"worker-0", {4e6, 104}}, {"server-0", {2e6, 100}}});
  CHECK_FALSE(record.WantsProcesses(Training(0), absl::Seconds(11)));
  CHECK(record.WantsProcesses(Training(0), absl::Seconds(11.5)));
  record.SeeProcesses(Training(9), absl::Seconds(20.5), {{"worker-0", {4e6, 112}}, {"server-0", {2e6, 107}}});
  status.set_state(v1::DONE);
  record.SeeProcesses(status, absl::Seconds(30), {{"worker-0", {4e6, 912}}, {"server-0", {2e6, 107}}});
  status.set_rows_per_s(1);
  const auto run = RunFromJson(record.ToJson(v1::Job(), status, 1, 4), "x");
  REQUIRE(run.ok());
  CHECK(run->peak_bytes == std::map<std::string, double>{{"server-0", 2e6}, {"worker-0", 5e6}});
  CHECK(*run->cores_used == Approx(1.5));
  CHECK(*run->cores == 4);
}

TEST_CASE("Steps and evaluations are those of the epochs that this run trained") {
  v1::Job job;
  job.set_name("some");
  job.set_batch(64);
  job.set_wire(v1::WIRE_BF16);
  v1::JobStatus status;
  status.set_state(v1::DONE);
  status.set_loss(v1::LOSS_CROSS_ENTROPY);
  status.set_rows_per_s(50);
  for (const uint32_t epoch : {1, 2}) {
    v1::EpochSummary* summary = status.add_epochs_done();
    summary->set_epoch(epoch);
    summary->set_samples(100);
    summary->set_seconds(2);
  }
  for (const uint32_t epoch : {0, 1, 2}) {
    v1::Evaluation* evaluation = status.add_evaluations();
    evaluation->set_epoch(epoch);
    evaluation->set_loss(0.5);
    evaluation->set_accuracy(epoch / 4.0);
  }
  const auto run = RunFromJson(RunRecord().ToJson(job, status, 7, 4), "out");
  REQUIRE(run.ok());
  CHECK(run->steps == 4);  // 64 and 36 rows, twice
  CHECK(run->metric == "accuracy");
  CHECK(run->tests == std::vector<TestPoint>{{2, 100, 0.5, 0.25}, {4, 200, 0.5, 0.5}});
  CHECK(run->settings.at("wire") == "WIRE_BF16");
  CHECK(run->settings.at("name") == "some");
  CHECK(run->wall_seconds == 7);
  CHECK_FALSE(run->cores_used);
}

TEST_CASE("What the kernel says of a process") {
  const std::string stat = "12 (a (odd) name) S 1 12 12 0 -1 4194560 100 0 0 0 150 50 0 0 20 0 5 0 999 1000 200";
  const auto use = ParseProcessUse("Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t    2048 kB\nVmRSS:\t 1 kB\n", stat, 100);
  REQUIRE(use);
  CHECK(use->peak_bytes == 2048 * 1024);
  CHECK(use->cpu_seconds == 2.0);
  CHECK_FALSE(ParseProcessUse("Name:\tx\n", stat, 100));  // one that has ended
  CHECK_FALSE(ParseProcessUse("VmHWM:\t 1 kB\n", "12 (x) S 1", 100));
  CHECK_FALSE(ParseProcessUse("", "", 100));
  const auto own = ReadProcessUse(getpid());
  REQUIRE(own);
  CHECK(own->peak_bytes > 100000);
  CHECK(UsableCores() >= 1);
}

}  // namespace
}  // namespace pumasi
