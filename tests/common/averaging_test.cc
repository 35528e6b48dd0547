#include "common/averaging.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace pumasi {
namespace {

v1::Job Job(uint32_t batch, uint32_t lanes, uint32_t batches) {
  v1::Job job;
  job.set_batch(batch);
  job.set_micro_batches(lanes);
  if (batches > 0) job.mutable_average_every()->set_batches(batches);
  return job;
}

TEST_CASE("A job that does not average has its batches and parts") {
  const v1::Job job = Job(10, 2, 0);
  CHECK_FALSE(Averages(job));
  const BatchPlan plan = PlanOf(job, 25);
  CHECK(plan.BatchesPerEpoch() == 3);
  CHECK(plan.Part(1, 1) == RowRange{15, 20});
}

TEST_CASE("Lanes share out a round, and cut their rows into batches") {
  // 100 rows, rounds of 3 lanes with 2 batches of 5 rows each: 30, 30, 30 and 10.
  const LanePlan plan = LanePlanOf(Job(5, 3, 2), 100);
  CHECK(plan.rounds.BatchesPerEpoch() == 4);
  CHECK(plan.Batches(0) == 2);
  CHECK(plan.Batch(1, 2, 0) == RowRange{50, 55});
  CHECK(plan.Batch(1, 2, 1) == RowRange{55, 60});
  CHECK(plan.Batch(1, 2, 2).size() == 0);
  CHECK(plan.Batches(3) == 1);  // 3, 3 and 4 rows
  CHECK(plan.Batch(3, 2, 0) == RowRange{96, 100});
  CHECK(plan.BatchesBefore(3) == 6);
  CHECK(plan.BatchesBefore(4) == 7);
  CHECK(plan.BatchesBefore(5) == 9);
  CHECK(plan.Lanes(3) == 3);
}

TEST_CASE("With epochs: 1 a round is an epoch") {
  v1::Job job = Job(10, 4, 0);
  job.mutable_average_every()->set_epochs(1);
  REQUIRE(Averages(job));
  const LanePlan plan = LanePlanOf(job, 402);
  CHECK(plan.rounds.BatchesPerEpoch() == 1);
  CHECK(plan.Batches(0) == 11);
  CHECK(plan.BatchesBefore(3) == 33);
}

TEST_CASE("In any plan each row is in one batch of one lane, and batches are counted right") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::minstd_rand random(seed);
  for (int i = 0; i < 300; ++i) {
    const uint64_t rows = 1 + random() % 200;
    v1::Job job = Job(1 + random() % 20, 1 + random() % 6, 1 + random() % 5);
    if (random() % 4 == 0) job.mutable_average_every()->set_epochs(1);
    const LanePlan plan = LanePlanOf(job, rows);
    CAPTURE(rows, job.ShortDebugString());
    std::vector<int> times(rows);
    uint64_t before = 0;
    for (uint64_t version = 0; version < 2 * plan.rounds.BatchesPerEpoch(); ++version) {
      REQUIRE(plan.BatchesBefore(version) == before);
      const uint64_t round = plan.rounds.BatchOf(version);
      uint64_t longest = 0;
      uint32_t lanes = 0;
      for (uint32_t lane = 0; lane < job.micro_batches(); ++lane) {
        uint64_t index = 0;
        for (; plan.Batch(round, lane, index).size() > 0; ++index) {
          const RowRange range = plan.Batch(round, lane, index);
          REQUIRE(range.size() <= job.batch());
          for (uint64_t row = range.first; row < range.end; ++row) ++times[row];
        }
        longest = std::max(longest, index);
        lanes += index > 0;
      }
      REQUIRE(plan.Batches(round) == longest);
      REQUIRE(plan.Lanes(round) == lanes);
      before += longest;
    }
    CHECK(times == std::vector<int>(rows, 2));
  }
}

TEST_CASE("Lanes have parameters of their own where the job says how they are drawn together") {
  v1::Job job = Job(10, 3, 2);
  CHECK_FALSE(IsElastic(job));
  CHECK(ElasticRuleOf(job).lanes == 0);
  job.mutable_average_every()->set_elastic(0.75);
  CHECK(IsElastic(job));
  CHECK(ElasticRuleOf(job).lanes == 3);
  CHECK(ElasticRuleOf(job).share == 0.75);
  job.mutable_average_every()->clear_batches();
  CHECK_FALSE(IsElastic(job));
}

TEST_CASE("Holders take differences off, with the block momentum") {
  v1::Job job = Job(10, 2, 0);
  job.mutable_optimizer()->mutable_adam();
  CHECK(HoldersOptimizer(job).has_adam());
  job.mutable_average_every()->set_batches(4);
  job.mutable_average_every()->set_block_momentum(0.75);
  job.mutable_optimizer()->mutable_clip()->set_norm(1);
  const v1::Optimizer holders = HoldersOptimizer(job);
  CHECK(holders.sgd().learning_rate() == 1);
  CHECK(holders.sgd().momentum() == 0.75);
  CHECK_FALSE(holders.has_clip());
}

}  // namespace
}  // namespace pumasi
