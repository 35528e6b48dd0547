#include "server/serving_times.h"

#include <catch2/catch.hpp>

namespace pumasi {
namespace {

absl::Duration At(double seconds) { return absl::Seconds(seconds); }

v1::PullRequest Pull(uint64_t version) {
  v1::PullRequest request;
  request.set_version(version);
  return request;
}

v1::PushRequest Push(uint64_t version, uint64_t worker) {
  v1::PushRequest request;
  request.set_version(version);
  request.mutable_header()->set_incarnation(worker);
  request.set_end_part(1);
  return request;
}

v1::ServedTime Answer(ServingTimes& times, uint64_t version, double received, double now) {
  v1::ServedTime time;
  times.Answered(Pull(version), At(received), At(now), &time);
  return time;
}

TEST_CASE("A pull waits until its version is there, and then for its turn") {
  ServingTimes times;
  times.Took(Push(0, 1), std::nullopt, At(1), At(1.5));
  times.Took(Push(0, 2), 1, At(2), At(4));
  v1::ServedTime time = Answer(times, 1, 0.5, 4.25);
  CHECK(time.wait() == 3.5f);
  CHECK(time.apply() == 2.0f);
  CHECK(time.serve() == 0.25f);
  CHECK(time.last_worker() == 2);
  // It came while the batch was being applied.
  time = Answer(times, 1, 3, 4.5);
  CHECK(time.wait() == 1.0f);
  CHECK(time.apply() == 1.0f);
  CHECK(time.serve() == 0.5f);
  // It came when the version was there; of a version before, it may not have waited either.
  for (const uint64_t version : {1, 0}) {
    time = Answer(times, version, 5, 5.5);
    CHECK(time.wait() == 0);
    CHECK(time.last_worker() == 0);
    CHECK(time.serve() == 0.5f);
  }
}

TEST_CASE("Where norms are waited for, the last push of a batch is whoever's came last") {
  ServingTimes times;
  times.Took(Push(4, 9), std::nullopt, At(1), At(2));
  times.Applied(5, At(3), At(3.5));
  const v1::ServedTime time = Answer(times, 5, 0, 4);
  CHECK(time.last_worker() == 9);
  CHECK(time.wait() == 3.5f);
  CHECK(time.apply() == 0.5f);
}

TEST_CASE("Reports tell what happened since the last one, and of all the time that passed") {
  ServingTimes times;
  CHECK_FALSE(times.Take(At(100)));
  times.Served(Pull(0), At(101), At(101.25));
  times.Took(Push(0, 1), 1, At(102), At(102.5));
  times.Wrote(v1::STAGE_CHECKPOINT, 1, At(102.5), At(110));
  auto report = times.Take(At(105));
  REQUIRE(report);
  CHECK(report->seconds() == 4);
  CHECK(report->busy() == 0.75);  // others are answered while a checkpoint is written
  CHECK(report->stages_size() == 3);
  CHECK(report->events_size() == 0);
  CHECK_FALSE(times.Take(At(106)));
  times.Served(Pull(1), At(108), At(109));
  report = times.Take(At(115));
  CHECK(report->seconds() == 10);
  CHECK(report->busy() == 1);
}

TEST_CASE("The total has all that happened, whether it was reported or not") {
  ServingTimes times;
  CHECK(times.Total().stages_size() == 0);
  times.Served(Pull(0), At(1), At(1.25));
  times.Took(Push(0, 1), 1, At(2), At(2.5));
  v1::TimeUse total = times.Total();
  CHECK(total.busy() == 0.75);
  REQUIRE(total.stages_size() == 2);
  REQUIRE(times.Take(At(3)));
  CHECK(times.Total().SerializeAsString() == total.SerializeAsString());
  times.Served(Pull(1), At(4), At(5));
  total = times.Total();
  CHECK(total.busy() == 1.75);
  REQUIRE(total.stages_size() == 2);
  CHECK(total.stages(0).stage() == v1::STAGE_SERVE);
  CHECK(CountOf(total.stages(0)) == 2);
  CHECK(total.stages(0).seconds() == 1.25);
}

TEST_CASE("A trace has an event for each call, batch and wait") {
  ServingTimes times;
  times.Trace(true);
  times.Took(Push(0, 1), std::nullopt, At(1), At(1.5));
  times.Took(Push(0, 2), 1, At(2), At(4));
  times.Served(Pull(1), At(4), At(4.25));
  Answer(times, 1, 3, 4.25);
  times.Wrote(v1::STAGE_LOG, 1, At(5), At(6));
  auto report = times.Take(At(7));
  REQUIRE(report);
  std::string stages;
  for (const v1::TraceEvent& event : report->events()) stages += std::string(StageName(event.stage())) + " ";
  CHECK(stages == "take apply serve wait log ");
  CHECK(report->events(3).begin_micros() == 3000000);
  CHECK(report->events(3).micros() == 1000000);
  CHECK(report->clock_micros() == 7000000);
  times.Trace(false);
  times.Served(Pull(1), At(8), At(9));
  CHECK(times.Take(At(10))->events_size() == 0);
}

}  // namespace
}  // namespace pumasi
