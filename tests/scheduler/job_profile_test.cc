#include "scheduler/job_profile.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>

namespace pumasi {
namespace {

absl::Duration At(double seconds) { return absl::Seconds(seconds); }

v1::Node Node(const std::string& name, v1::Role role, uint64_t incarnation) {
  v1::Node node;
  node.set_name(name);
  node.set_role(role);
  node.set_incarnation(incarnation);
  return node;
}
v1::Node Worker(int number) { return Node("w" + std::to_string(number), v1::ROLE_WORKER, 100 + number); }

v1::TimeUse Busy(double busy, double batch, uint64_t waited_for) {
  v1::TimeUse report;
  report.set_seconds(busy + batch);
  report.set_busy(busy);
  report.mutable_waits()->set_batch(batch);
  v1::WaitedFor* other = report.add_waited_for();
  other->set_worker(waited_for);
  other->set_seconds(batch);
  v1::StageTimes* stage = report.add_stages();
  stage->set_stage(v1::STAGE_COMPUTE);
  stage->set_seconds(busy);
  stage->set_first_bucket(3);
  stage->add_counts(2);
  return report;
}

v1::TimeUse Events(int64_t clock, const std::vector<int64_t>& begins) {
  v1::TimeUse report;
  report.set_clock_micros(clock);
  for (const int64_t begin : begins) report.add_events()->set_begin_micros(begin);
  return report;
}

v1::JobStatus StatusOf(const JobProfile& profile) {
  v1::JobStatus status;
  profile.Fill(&status);
  return status;
}

TEST_CASE("Reports add up by name, servers first; the bottleneck is named") {
  JobProfile profile;
  CHECK(StatusOf(profile).ByteSizeLong() == 0);
  profile.Add(Worker(1), Busy(1, 3, 102), At(1));
  profile.Add(Worker(2), Busy(4, 0, 0), At(1));
  // The same under another incarnation.
  profile.Add(Node("w1", v1::ROLE_WORKER, 200), Busy(1, 3, 102), At(2));
  v1::TimeUse server;
  server.set_seconds(10);
  server.set_busy(1);
  profile.Add(Node("w1", v1::ROLE_SERVER, 300), server, At(2));
  const v1::JobStatus status = StatusOf(profile);
  REQUIRE(status.nodes_size() == 3);
  CHECK(status.nodes(0).role() == v1::ROLE_SERVER);
  CHECK(status.nodes(1).node() == "w1");
  const v1::TimeUse& time = status.nodes(1).time();
  CHECK(time.seconds() == 8);
  CHECK(time.busy() == 2);
  CHECK(time.waits().batch() == 6);
  REQUIRE(time.waited_for_size() == 1);
  CHECK(time.waited_for(0).name() == "w2");
  CHECK(time.waited_for(0).seconds() == 6);
  REQUIRE(time.stages_size() == 1);
  CHECK(time.stages(0).counts(0) == 4);
  CHECK(status.bottleneck().kind() == v1::Bottleneck::COMPUTE);
  CHECK(status.bottleneck().node() == "w2");
}

TEST_CASE("A profile is bounded, whoever reports") {
  JobProfile profile;
  for (uint32_t i = 0; i < 2 * JobProfile::kMostNodes; ++i) profile.Add(Worker(i), Busy(1, 1, i), At(1));
  for (uint64_t i = 0; i < 100000; ++i) profile.Add(Worker(1), Busy(0, 1e-3, i), At(1));
  v1::JobStatus status = StatusOf(profile);
  CHECK(status.nodes_size() == JobProfile::kMostNodes);
  CHECK(status.ByteSizeLong() < 500 * JobProfile::kMostNodes);
  for (const v1::NodeUse& node : status.nodes()) CHECK(node.time().waited_for_size() <= JobProfile::kMostNamed);
}

TEST_CASE("Numbers of strangers trip nothing") {
  JobProfile profile;
  for (const double seconds : {std::nan(""), -1.0, std::numeric_limits<double>::infinity()}) {
    profile.Add(Worker(1), Busy(seconds, seconds, 101), At(1));
  }
  const v1::TimeUse time = StatusOf(profile).nodes(0).time();
  CHECK(time.seconds() == 0);
  CHECK(time.busy() == 0);
  CHECK(time.waits().batch() == 0);
  CHECK_FALSE(StatusOf(profile).has_bottleneck());
}

TEST_CASE("A trace keeps the latest events, and hands them out from any of them on") {
  JobTrace trace;
  trace.Add(Worker(1), Events(1, {1}), At(1));
  CHECK(trace.From(0).ByteSizeLong() == 0);
  trace.Keep(3);
  v1::TimeUse report = Events(1000000, {10, 20});
  report.set_events_dropped(5);
  trace.Add(Worker(1), report, At(1));
  trace.Add(Worker(2), Events(1000000, {30, 40, 50}), At(1));
  v1::GetTraceResponse answer = trace.From(0);
  REQUIRE(answer.events_size() == 3);
  CHECK(answer.events(0).event().begin_micros() == 30);
  CHECK(answer.nodes_size() == 2);
  CHECK(answer.nodes(answer.events(0).node()).name() == "w2");
  CHECK(answer.dropped() == 7);
  CHECK(answer.next() == 5);
  CHECK_FALSE(answer.more());
  answer = trace.From(4);
  REQUIRE(answer.events_size() == 1);
  CHECK(answer.events(0).event().begin_micros() == 50);
  CHECK(trace.From(5).events().empty());
  CHECK(trace.From(~uint64_t{0}).next() == 5);
}

TEST_CASE("Long traces come in pieces") {
  JobTrace trace;
  trace.Keep(~size_t{0});
  for (int i = 0; i < 3; ++i) trace.Add(Worker(1), Events(0, std::vector<int64_t>(JobTrace::kInAnswer / 2, i)), At(1));
  const v1::GetTraceResponse first = trace.From(0);
  CHECK(first.more());
  CHECK(first.events_size() == JobTrace::kInAnswer);
  const v1::GetTraceResponse second = trace.From(first.next());
  CHECK_FALSE(second.more());
  CHECK(second.events_size() == JobTrace::kInAnswer / 2);
}

TEST_CASE("Events of other machines are put on the scheduler's clock, by the fastest report") {
  JobTrace trace;
  trace.Keep(100);
  // Its clock is 50 s ahead; the reports take 3 s, 1 ms and 2 s.
  trace.Add(Worker(1), Events(150000000, {149000000}), At(103));
  trace.Add(Worker(1), Events(160000000, {160000000 - 5}), At(110.001));
  trace.Add(Worker(1), Events(170000000, {169000000}), At(122));
  // Of this machine; its reports are fast.
  trace.Add(Worker(2), Events(100000000, {99000000}), At(100.002));
  // Nothing makes sense.
  trace.Add(Worker(3), Events(INT64_MIN, {INT64_MIN, INT64_MAX}), At(100));
  const v1::GetTraceResponse answer = trace.From(0);
  REQUIRE(answer.events_size() == 6);
  CHECK(answer.events(0).event().begin_micros() == 99001000);
  CHECK(answer.events(1).event().begin_micros() == 110001000 - 5);
  CHECK(answer.events(2).event().begin_micros() == 119001000);
  CHECK(answer.events(3).event().begin_micros() == 99000000);
  CHECK(answer.events(4).event().begin_micros() >= 0);
}

}  // namespace
}  // namespace pumasi
