#include "scheduler/bottleneck.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/waits.h"

namespace pumasi {
namespace {

using B = v1::Bottleneck;
using Nodes = google::protobuf::RepeatedPtrField<v1::NodeUse>;

// Seconds.
struct WorkerTime {
  double busy = 0, lease = 0, read = 0, pull = 0, push = 0, batch = 0, apply = 0, serve = 0;
  std::vector<std::pair<std::string, double>> waited_for = {};
};

// Workers w0, w1, ...; servers s0, s1, ... that are busy for so much of their time.
Nodes NodesOf(const std::vector<WorkerTime>& workers, const std::vector<double>& servers = {}) {
  Nodes nodes;
  for (size_t i = 0; i < servers.size(); ++i) {
    v1::NodeUse* node = nodes.Add();
    node->set_node("s" + std::to_string(i));
    node->set_role(v1::ROLE_SERVER);
    node->mutable_time()->set_seconds(100);
    node->mutable_time()->set_busy(100 * servers[i]);
  }
  for (size_t i = 0; i < workers.size(); ++i) {
    const WorkerTime& from = workers[i];
    v1::NodeUse* node = nodes.Add();
    node->set_node("w" + std::to_string(i));
    node->set_role(v1::ROLE_WORKER);
    v1::TimeUse* time = node->mutable_time();
    time->set_busy(from.busy);
    v1::Waits* waits = time->mutable_waits();
    waits->set_lease(from.lease);
    waits->set_read(from.read);
    waits->set_pull(from.pull);
    waits->set_push(from.push);
    waits->set_batch(from.batch);
    waits->set_apply(from.apply);
    waits->set_serve(from.serve);
    time->set_seconds(from.busy + SumOf(*waits));
    for (const auto& [name, seconds] : from.waited_for) {
      v1::WaitedFor* other = time->add_waited_for();
      other->set_name(name);
      other->set_seconds(seconds);
    }
  }
  return nodes;
}

TEST_CASE("The bottleneck of typical jobs") {
  struct Case {
    const char* what;
    std::vector<WorkerTime> workers;
    std::vector<double> servers;
    B::Kind kind;
    const char* node;
    const char* sentence;
  };
  const std::vector<Case> cases = {
      {"computing nearly all of the time",
       {{.busy = 93, .pull = 4, .apply = 3}, {.busy = 91, .pull = 5, .apply = 4}},
       {0.2, 0.3},
       B::COMPUTE,
       "",
       "compute: workers compute 92 % of the time"},
      {"much computing, and many small waits",
       {{.busy = 75, .lease = 5, .read = 5, .pull = 5, .push = 2, .apply = 5, .serve = 3}},
       {0.2},
       B::COMPUTE,
       "",
       "compute: workers compute 75 % of the time"},
      {"equal workers that wait for one another in turn",
       {{.busy = 70, .batch = 30, .waited_for = {{"w1", 30}}}, {.busy = 72, .batch = 28, .waited_for = {{"w0", 28}}}},
       {0.2},
       B::COMPUTE,
       "",
       "compute: workers compute 71 % of the time and wait 29 % for one another's parts of a batch"},
      {"a slow worker",
       {{.busy = 30, .batch = 70, .waited_for = {{"w2", 69}, {"w1", 1}}},
        {.busy = 30, .batch = 70, .waited_for = {{"w2", 70}}},
        {.busy = 98, .pull = 2}},
       {0.2},
       B::COMPUTE,
       "w2",
       "compute: w2 is slower than the others, which wait 70 % of their time for it; of its own time it computes 98 %"},
      {"values and gradients on their way",
       {{.busy = 40, .pull = 45, .push = 10, .apply = 5}, {.busy = 42, .pull = 43, .push = 10, .apply = 5}},
       {0.2, 0.25},
       B::NETWORK,
       "",
       "network: workers wait 54 % of the time for values and gradients on their way (pull 44 %, push 10 %)"},
      {"one worker's link is slow",
       {{.busy = 30, .pull = 5, .batch = 65, .waited_for = {{"w1", 65}}}, {.busy = 30, .pull = 60, .push = 10}},
       {0.2},
       B::NETWORK,
       "w1",
       "network: w1 is slower than the others, which wait 65 % of their time for it; of its own time 70 % are pulls "
       "and "
       "pushes"},
      {"servers that apply",
       {{.busy = 50, .pull = 5, .apply = 40, .serve = 5}, {.busy = 48, .pull = 5, .apply = 42, .serve = 5}},
       {0.5, 0.55},
       B::SERVER,
       "",
       "server: workers wait 41 % of the time for batches to be applied, 5 % for their turn and 5 % for values and "
       "gradients on their way"},
      {"one server has no time",
       {{.busy = 50, .pull = 45, .serve = 5}},
       {0.3, 0.95},
       B::SERVER,
       "s1",
       "server: s1 is busy 95 %; workers wait 0 % of the time for batches to be applied, 5 % for their turn and 45 % "
       "for "
       "values and gradients on their way"},
      {"rows are read slowly",
       {{.busy = 35, .read = 60, .pull = 5}, {.busy = 38, .read = 57, .pull = 5}},
       {0.2},
       B::INPUT,
       "",
       "input: workers wait 58 % of the time for rows to be read"},
      {"one worker reads slowly",
       {{.busy = 40, .batch = 60, .waited_for = {{"w1", 60}}}, {.busy = 40, .read = 60}},
       {0.2},
       B::INPUT,
       "w1",
       "input: w1 is slower than the others, which wait 60 % of their time for it; of its own time 60 % are waits for "
       "its "
       "rows"},
      {"units come too late",
       {{.busy = 50, .lease = 45, .pull = 5}},
       {0.1},
       B::SCHEDULER,
       "",
       "scheduler: workers wait 45 % of the time for units: they are leased too late, or a batch has too few parts "
       "(micro_batches) for so many workers"},
      {"one worker gets next to nothing",
       {{.busy = 60, .pull = 40}, {.busy = 6, .lease = 84, .pull = 10}},
       {0.1},
       B::SCHEDULER,
       "w1",
       "scheduler: w1 waits 84 % of its time for units: others are faster than it, or a batch has too few parts "
       "(micro_batches) for so many workers"},
      // Whom it waited for is not known: then it is taken to be like all.
      {"others that nobody knows",
       {{.busy = 50, .pull = 20, .batch = 30, .waited_for = {{"gone", 30}}}},
       {},
       B::NETWORK,
       "",
       "network: workers wait 20 % of the time for values and gradients on their way (pull 20 %, push 0 %)"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.what);
    const B found = FindBottleneck(NodesOf(one.workers, one.servers));
    CHECK(B::Kind_Name(found.kind()) == B::Kind_Name(one.kind));
    CHECK(found.node() == one.node);
    CHECK(found.sentence() == one.sentence);
    CHECK(found.share() > 0);
    CHECK(found.share() <= 1);
  }
}

TEST_CASE("Waits for a worker count as what it spends its time with") {
  const B found = FindBottleneck(NodesOf(
      {{.busy = 30, .pull = 5, .batch = 65, .waited_for = {{"w1", 65}}}, {.busy = 30, .pull = 60, .push = 10}}));
  CHECK(found.share() == Approx((5 + 70 + 65 * 0.7) / 200));
}

TEST_CASE("Nothing is said where nothing is known, and nothing is believed that makes no sense") {
  CHECK(FindBottleneck({}).kind() == B::KIND_UNSPECIFIED);
  CHECK(FindBottleneck(NodesOf({}, {0.9})).kind() == B::KIND_UNSPECIFIED);
  CHECK(FindBottleneck(NodesOf({{}, {}})).kind() == B::KIND_UNSPECIFIED);
  const uint64_t seed = 20261125;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const double odd[] = {std::nan(""), -1, std::numeric_limits<double>::infinity(), 1e300, 0, 1e-300, 5, 80};
  const auto any = [&] { return odd[random() % 8]; };
  for (int round = 0; round < 500; ++round) {
    std::vector<WorkerTime> workers(random() % 4);
    for (WorkerTime& worker : workers) {
      worker = {any(), any(), any(), any(), any(), any(), any(), any(), {}};
      for (int i = 0; i < 3; ++i) worker.waited_for.push_back({"w" + std::to_string(random() % 5), any()});
    }
    const B found = FindBottleneck(NodesOf(workers, {any(), any()}));
    CHECK(found.share() >= 0);
    CHECK(found.share() <= 1);
    CHECK(found.sentence().find("nan") == std::string::npos);
    CHECK(found.sentence().find("inf") == std::string::npos);
  }
}

}  // namespace
}  // namespace pumasi
