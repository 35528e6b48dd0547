#include "tests/simulation/world.h"

#include <catch2/catch.hpp>

#include "common/error_detail.h"
#include "tests/simulation/network.h"

namespace pumasi::sim {
namespace {

// Echoes what it is asked.
class Echo : public Node {
 public:
  using Node::After;
  using Node::Node;
  void Serve(Incoming call) override {
    ++served;
    call.reply(absl::OkStatus(), call.request);
  }
  int served = 0;

 protected:
  void Started() override {}
  void Killed() override {}
};

struct TwoNodes {
  explicit TwoNodes(uint64_t seed = 1) : world(seed, false), network(world), a(world, "a", 0), b(world, "b", 1) {
    network.Add(a);
    network.Add(b);
    a.Start();
    b.Start();
  }
  void Ask() {
    network.Call(a, "b", Method::kPull, "question", absl::Seconds(5),
                 [this](const absl::Status& status, const std::string& bytes) {
                   ++answers;
                   last = status;
                   answer = bytes;
                 });
  }
  void RunUntilIdle() {
    while (world.Step()) {
    }
  }

  World world;
  Network network;
  Echo a, b;
  int answers = 0;
  absl::Status last;
  std::string answer;
};

}  // namespace

TEST_CASE("Events run by time, and those of one time in the order in which they were added") {
  World world(1, false);
  std::string order;
  world.At(20, [&] { order += "c"; });
  world.At(10, [&] { order += "a"; });
  world.At(10, [&] { order += "b"; });
  while (world.Step()) {
  }
  CHECK(order == "abc");
  CHECK(world.now() == 20);
  CHECK(world.events() == 3);
}

TEST_CASE("A call is answered once, also where its request arrives twice") {
  TwoNodes nodes;
  nodes.network.SetWeather({.duplicate = 1});
  nodes.Ask();
  nodes.RunUntilIdle();
  CHECK(nodes.answers == 1);
  CHECK(nodes.answer == "question");
  CHECK(nodes.b.served == 2);
}

TEST_CASE("A link that is cut one way loses requests, the other way answers; the caller is told by its deadline") {
  for (const bool request : {true, false}) {
    TwoNodes nodes;
    nodes.network.SetWeather({.unnoticed = 1});
    nodes.network.Cut(request ? 0 : 1, request ? 1 : 0, true);
    nodes.Ask();
    nodes.RunUntilIdle();
    CHECK(nodes.answers == 1);
    CHECK(absl::IsDeadlineExceeded(nodes.last));
    CHECK(nodes.b.served == (request ? 0 : 1));
    CHECK(nodes.world.now() >= 5 * kSecond - kMillisecond);
  }
}

TEST_CASE("A caller notices the death of the process that it called, and hears nothing if it dies itself") {
  TwoNodes nodes;
  nodes.Ask();
  nodes.b.Kill();
  nodes.network.Broke(nodes.b);
  nodes.RunUntilIdle();
  CHECK(nodes.answers == 1);
  CHECK(ReasonOf(nodes.last) == v1::ErrorDetail::UNAVAILABLE);

  nodes.b.Start();
  nodes.Ask();
  nodes.a.Kill();
  nodes.network.Broke(nodes.a);
  nodes.a.Start();
  nodes.RunUntilIdle();
  CHECK(nodes.answers == 1);

  // Also if the other one is down when it dies, and dies once more later.
  nodes.network.SetWeather({.unnoticed = 1});
  nodes.Ask();
  nodes.b.Kill();
  nodes.network.Broke(nodes.b);
  nodes.a.Kill();
  nodes.network.Broke(nodes.a);
  nodes.a.Start();
  nodes.b.Start();
  nodes.b.Kill();
  nodes.network.SetWeather({});
  nodes.network.Broke(nodes.b);
  nodes.RunUntilIdle();
  CHECK(nodes.answers == 1);
}

TEST_CASE("A process that stands still does what it missed when it goes on, and nothing after its death") {
  TwoNodes nodes;
  int ran = 0;
  nodes.a.Freeze();
  nodes.a.After(absl::Seconds(1), [&] { ++ran; });
  nodes.RunUntilIdle();
  CHECK(ran == 0);
  nodes.a.Thaw();
  nodes.RunUntilIdle();
  CHECK(ran == 1);
  nodes.a.After(absl::Seconds(1), [&] { ++ran; });
  nodes.a.Kill();
  nodes.a.Start();
  nodes.RunUntilIdle();
  CHECK(ran == 1);
}

TEST_CASE("Clocks drift apart, and a jump of the time of day changes no other") {
  TwoNodes nodes;
  nodes.a.SetDrift(0.001);
  const absl::Duration a = nodes.a.Now(), b = nodes.b.Now();
  nodes.a.JumpWall(absl::Hours(-5));
  CHECK(nodes.a.Now() == a);
  nodes.world.At(1000 * kSecond, [] {});
  nodes.RunUntilIdle();
  CHECK(nodes.a.Now() - a == absl::Seconds(1001));
  CHECK(nodes.b.Now() - b == absl::Seconds(1000));
}

TEST_CASE("A run is a function of its seed") {
  const auto run = [](uint64_t seed) {
    TwoNodes nodes(seed);
    nodes.network.SetWeather({.loss = 0.3, .duplicate = 0.3, .late = 0.3, .unnoticed = 0.5});
    for (int i = 0; i < 100; ++i) nodes.Ask();
    nodes.RunUntilIdle();
    return std::pair(nodes.world.now(), nodes.world.events());
  };
  CHECK(run(1) == run(1));
  CHECK(run(1) != run(2));
}

}  // namespace pumasi::sim
