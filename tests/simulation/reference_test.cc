#include "tests/simulation/reference.h"

#include <catch2/catch.hpp>

#include "common/averaging.h"
#include "ops/tree/node_rounding.h"
#include "server/shard.h"
#include "worker/exchange/router.h"

namespace pumasi::sim {
namespace {

v1::Layout OneServer(uint32_t slots) {
  v1::Layout layout;
  layout.set_epoch(1);
  layout.add_servers()->set_incarnation(1);
  for (uint32_t slot = 0; slot < slots; ++slot) layout.add_slot_owner(0);
  return layout;
}

// Everything that the shard shows a worker at a version.
Parameters PullAll(const Scenario& scenario, const Router& router, const Shard& shard, uint64_t version,
                   std::optional<uint32_t> lane = std::nullopt) {
  PulledParameters pulled;
  for (uint64_t id = 0; id < scenario.data.vocabulary(); ++id) pulled.ids.push_back(id);
  router.Prepare(&pulled);
  const Router::Positions positions = router.SplitPull(pulled.ids);
  v1::PullRequest request;
  request.set_version(version);
  if (lane) request.set_lane(*lane);
  router.FillPull(pulled.ids, 0, positions[0], &request);
  OutgoingPull answer;
  REQUIRE(shard.Pull(request, &answer).ok());
  const v1::PullResponse response = ToMessage(answer);
  REQUIRE(router.Take(response, ValuesOf(response), 0, positions[0], &pulled).ok());
  return {pulled.dense, pulled.ids, pulled.rows};
}

// A server that holds everything is given the parts of all batches, and shows what the reference has.
void CheckAgainstServer(const Scenario& scenario) {
  CAPTURE(scenario.ToString());
  const Reference reference(scenario);
  REQUIRE(reference.last() == scenario.batches());
  Shard::Options options;
  options.job = scenario.job;
  options.tables = scenario.tables;
  options.layout = OneServer(scenario.job.slots());
  options.incarnation = 1;
  auto shard = Shard::Create(options);
  REQUIRE(shard.ok());
  auto router = Router::Create(scenario.tables, options.layout, scenario.wire());
  REQUIRE(router.ok());
  std::vector<uint32_t> widths;
  for (const v1::TableSpec& spec : scenario.tables) widths.push_back(spec.columns());
  for (uint64_t version = 0; version < scenario.batches(); ++version) {
    const BatchRounding rounding(scenario.wire(), scenario.job.seed(), version);
    REQUIRE(reference.Compare(version, PullAll(scenario, *router, **shard, version)) == "");
    // From the last part to the first: the tree puts them in order.
    for (uint32_t part = scenario.job.micro_batches(); part-- > 0;) {
      const std::optional<uint32_t> lane = IsElastic(scenario.job) ? std::optional(part) : std::nullopt;
      const Parameters seen = PullAll(scenario, *router, **shard, version, lane);
      REQUIRE(reference.Compare(version, seen, lane) == "");
      Gradient leaf = MadeUpGradient(scenario, WorkOf(scenario, version, part), version, part, seen);
      Round(NodeRounding(rounding, {part, part + 1}), widths, &leaf);
      const auto gradient = std::make_shared<const Gradient>(std::move(leaf));
      OutgoingPush push;
      push.head.set_version(version);
      push.head.set_first_part(part);
      push.head.set_end_part(part + 1);
      router->FillPush(gradient, 0, router->SplitPush(*gradient)[0], &push);
      const v1::PushRequest message = ToMessage(push);
      v1::PushResponse response;
      REQUIRE((*shard)->Push(message, ValuesOf(message), &response).ok());
    }
    if (const auto waiting = (*shard)->waits_for_norms()) {
      std::vector<double> squares;
      for (const ExactSum& sum : (*shard)->Squares()) squares.push_back(sum.Value());
      REQUIRE((*shard)->ApplyNorms(*waiting, squares).ok());
    }
  }
  REQUIRE(reference.Compare(scenario.batches(), PullAll(scenario, *router, **shard, scenario.batches())) == "");
  if (scenario.counts()) REQUIRE(reference.CheckCounts(reference.At(scenario.batches())) == "");
}

}  // namespace

TEST_CASE("The reference's plain loops and a server that holds everything come to the same bits") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    const Scenario scenario = DrawScenarios(seed, false)[0];
    if (scenario.same_bits()) CheckAgainstServer(scenario);
  }
}

TEST_CASE("So they do where lanes have parameters of their own, each pulling its own") {
  int tried = 0;
  for (uint64_t seed = 1; tried < 4; ++seed) {
    const Scenario scenario = DrawScenarios(seed, false)[0];
    if (!IsElastic(scenario.job)) continue;
    CheckAgainstServer(scenario);
    ++tried;
  }
}

TEST_CASE("Every part of a scenario changes the parameters") {
  const Scenario scenario = DrawScenarios(2, false)[0];
  const Reference reference(scenario);
  for (uint64_t version = 0; version < reference.last(); ++version) {
    REQUIRE(reference.Compare(version + 1, reference.At(version)) != "");
  }
}

}  // namespace pumasi::sim
