#include "server/job_optimizers.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace pumasi {
namespace {

RateChanges Changes(std::initializer_list<std::pair<uint64_t, double>> list) {
  RateChanges changes;
  for (const auto& [step, factor] : list) {
    changes.emplace_back().set_from_step(step);
    changes.back().set_factor(factor);
  }
  return changes;
}

JobOptimizers Made(const RateChanges& changes) {
  v1::Optimizer settings;
  settings.mutable_sgd()->set_learning_rate(1);
  return *JobOptimizers::Create(settings, {}, changes);
}

TEST_CASE("A push may bring the change of its own batch, and must know those before") {
  const JobOptimizers known = Made(Changes({{3, 0.5}, {8, 0.25}}));
  CHECK(known.Check(10, Changes({{3, 0.5}, {8, 0.25}})).ok());
  CHECK(known.Check(10, Changes({{3, 0.5}, {8, 0.25}, {11, 0.1}})).ok());
  CHECK_FALSE(known.Check(10, Changes({{3, 0.5}, {8, 0.25}, {10, 0.1}})).ok());
  CHECK_FALSE(known.Check(10, Changes({{3, 0.5}, {8, 0.25}, {11, 0.3}})).ok());
  CHECK_FALSE(known.Check(10, Changes({{3, 0.5}, {8, 0.25}, {11, std::nan("")}})).ok());
  CHECK_FALSE(known.Check(10, Changes({{3, 0.5}, {8, 0.2}})).ok());
  CHECK_FALSE(known.Check(10, Changes({{3, 0.5}})).ok());
}

TEST_CASE("A batch that is computed again knows less than the batches after it") {
  const JobOptimizers known = Made(Changes({{3, 0.5}, {8, 0.25}}));
  CHECK(known.Check(6, Changes({{3, 0.5}})).ok());
  CHECK_FALSE(known.Check(6, Changes({{3, 0.5}, {8, 0.25}})).ok());
  CHECK(known.ChangesUpTo(6).size() == 1);
  CHECK(known.ChangesUpTo(7).size() == 2);
}

TEST_CASE("What a copy of a slot knows is taken over unless it contradicts") {
  JobOptimizers known = Made(Changes({{3, 0.5}}));
  CHECK(known.Take({}).ok());
  CHECK(known.changes().size() == 1);
  CHECK(known.Take(Changes({{3, 0.5}, {8, 0.25}})).ok());
  CHECK(known.changes().size() == 2);
  CHECK_FALSE(known.Take(Changes({{3, 0.4}})).ok());
  CHECK(known.changes().size() == 2);
}

TEST_CASE("Where the job averages, a change of the rate is known and not applied, and a sum is a statistic's value") {
  std::vector<v1::TableSpec> tables(2);
  tables[1].set_update(v1::TableSpec::MOVING_AVERAGE);
  tables[1].set_momentum(0.9);
  v1::Optimizer settings;
  settings.mutable_sgd()->set_learning_rate(1);
  settings.mutable_sgd()->set_momentum(0.5);
  const RateChanges changes = Changes({{1, 0.5}});
  JobOptimizers averaging = *JobOptimizers::Create(settings, tables, {}, /*steps_per_batch=*/1, /*averages=*/true);
  REQUIRE(averaging.Take(changes).ok());
  CHECK(averaging.changes().size() == 1);
  CHECK(averaging.copies() == 2);
  const float gradient = 0.25f;
  float parameter[] = {1, 0}, statistic[] = {1, 0};
  averaging.of(0).Apply(1, 1, &gradient, parameter, parameter + 1);
  averaging.of(1).Apply(1, 1, &gradient, statistic, statistic + 1);
  CHECK(parameter[0] == 0.75f);
  CHECK(statistic[0] == 0.25f);
}

TEST_CASE("Lanes with values of their own have a slot each, and a change of the rate leaves them alone") {
  v1::Optimizer settings;
  settings.mutable_sgd()->set_learning_rate(1);
  const std::vector<v1::TableSpec> tables(1);
  CHECK(JobOptimizers::Create(settings, tables, {}, 1, true)->elastic() == nullptr);
  auto made = JobOptimizers::Create(settings, tables, {}, 1, true, 0, false, {.lanes = 2, .share = 1});
  REQUIRE(made.ok());
  JobOptimizers elastic = *std::move(made);
  REQUIRE(elastic.Take(Changes({{1, 0.5}})).ok());
  CHECK(elastic.copies() == 3);
  REQUIRE(elastic.elastic() == &elastic.job());
  CHECK(&elastic.of(0) == &elastic.job());
  // The first lane goes down by 1, the second one stays.
  const float gradient[] = {1, 0};
  float state[] = {5, 0, 0};
  elastic.job().Apply(1, 1, gradient, state, state + 1);
  CHECK(state[0] == 4.5f);
  CHECK(state[1] == 0);
  CHECK(state[2] == 0.5f);
}

TEST_CASE("Where dense tables are in step their steps are batches, and those of rows parts") {
  v1::Optimizer settings;
  settings.mutable_sgd()->set_learning_rate(1);
  settings.mutable_schedule()->mutable_step()->set_every(1);
  settings.mutable_schedule()->mutable_step()->set_factor(0.5);
  const auto moved = [](const Optimizer& optimizer, uint64_t step) {
    const float gradient = 1;
    float parameter = 0;
    optimizer.Apply(step, 1, &gradient, &parameter, nullptr);
    return -parameter;
  };
  const std::vector<v1::TableSpec> tables(1);
  const auto create = [&](bool dense_in_step) {
    return *JobOptimizers::Create(settings, tables, {}, /*steps_per_batch=*/4, false, /*staleness=*/16, dense_in_step);
  };
  const JobOptimizers apart = create(true), together = create(false);
  for (const uint64_t batch : {0, 1, 2}) {
    const float rate = 1.0f / static_cast<float>(1 << batch);
    CHECK(moved(apart.of(0), batch + 1) == rate);
    for (const uint64_t part : {0, 3}) {
      CHECK(moved(apart.job(), batch * 4 + part + 1) == rate);
      CHECK(moved(together.of(0), batch * 4 + part + 1) == rate);
    }
  }
}

TEST_CASE("Where batches may overtake one another, a change may first come with a later one") {
  v1::Optimizer settings;
  settings.mutable_sgd()->set_learning_rate(1);
  const RateChanges changes = Changes({{5, 0.5}});
  const JobOptimizers sync = *JobOptimizers::Create(settings, {}, {});
  CHECK(sync.Check(4, changes).ok());
  CHECK_FALSE(sync.Check(5, changes).ok());
  JobOptimizers loose = *JobOptimizers::Create(settings, {}, {}, 1, false, /*staleness=*/3);
  CHECK(loose.Check(7, changes).ok());
  CHECK_FALSE(loose.Check(8, changes).ok());
  CHECK_FALSE(loose.Check(3, changes).ok());
  REQUIRE(loose.Take(changes).ok());
  // The one that was overtaken brings it, too, and one before the change does not.
  CHECK(loose.Check(4, changes).ok());
  CHECK(loose.Check(3, {}).ok());
  CHECK_FALSE(loose.Check(4, {}).ok());
}

}  // namespace
}  // namespace pumasi
