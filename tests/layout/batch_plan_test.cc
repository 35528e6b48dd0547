#include "common/layout/batch_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

namespace pumasi {
namespace {

TEST_CASE("Every row of an epoch is in exactly one part of one batch, in order") {
  for (const uint64_t rows : {1, 2, 7, 63, 64, 65, 100, 129}) {
    for (const uint64_t batch : {1, 2, 5, 64, 200}) {
      for (const uint32_t parts : {1, 2, 3, 4, 7, 64}) {
        const BatchPlan plan{rows, batch, parts};
        CAPTURE(rows, batch, parts);
        uint64_t next = 0;
        for (uint64_t number = 0; number < plan.BatchesPerEpoch(); ++number) {
          CHECK(plan.Batch(number).first == next);
          CHECK(plan.Batch(number).size() > 0);
          for (uint32_t part = 0; part < parts; ++part) {
            REQUIRE(plan.Part(number, part).first == next);
            next = plan.Part(number, part).end;
          }
          CHECK(plan.Batch(number).end == next);
        }
        CHECK(next == rows);
      }
    }
  }
}

TEST_CASE("Parts of a batch differ by one row at most") {
  for (uint64_t rows = 1; rows <= 70; ++rows) {
    for (uint32_t parts = 1; parts <= 70; ++parts) {
      const BatchPlan plan{rows, 70, parts};
      uint64_t least = rows, most = 0;
      for (uint32_t part = 0; part < parts; ++part) {
        least = std::min(least, plan.Part(0, part).size());
        most = std::max(most, plan.Part(0, part).size());
      }
      CAPTURE(rows, parts);
      CHECK(most - least <= 1);
    }
  }
}

TEST_CASE("All batches but the last are full; the last holds what is left, and some of its parts may be empty") {
  const BatchPlan plan{130, 64, 4};
  REQUIRE(plan.BatchesPerEpoch() == 3);
  CHECK(plan.Batch(0) == RowRange{0, 64});
  CHECK(plan.Batch(1) == RowRange{64, 128});
  CHECK(plan.Batch(2) == RowRange{128, 130});
  CHECK(plan.Part(0, 1) == RowRange{16, 32});
  uint64_t empty = 0;
  for (uint32_t part = 0; part < 4; ++part) empty += plan.Part(2, part).size() == 0;
  CHECK(empty == 2);
}

TEST_CASE("A version is an epoch and a batch of it") {
  const BatchPlan plan{130, 64, 4};
  CHECK(plan.EpochOf(0) == 0);
  CHECK(plan.BatchOf(2) == 2);
  CHECK(plan.EpochOf(3) == 1);
  CHECK(plan.BatchOf(3) == 0);
  CHECK(plan.EpochOf(11) == 3);
  CHECK(plan.BatchOf(11) == 2);
}

TEST_CASE("In any plan each part's range is what the part has of all batches, and positions know their parts") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::minstd_rand random(seed);
  for (int i = 0; i < 500; ++i) {
    const BatchPlan plan{1 + random() % 200, 1 + random() % 60, uint32_t(1 + random() % 9)};
    CAPTURE(plan.rows, plan.batch, plan.parts);
    uint64_t next = 0, least = plan.rows, most = 0;
    for (uint32_t part = 0; part < plan.parts; ++part) {
      uint64_t before = 0;
      for (uint64_t batch = 0; batch < plan.BatchesPerEpoch(); ++batch) {
        REQUIRE(plan.RowsBefore(batch, part) == before);
        const RowRange rows = plan.Part(batch, part);
        for (uint64_t position = rows.first; position < rows.end; ++position) REQUIRE(plan.PartAt(position) == part);
        before += rows.size();
      }
      REQUIRE(plan.RangeOf(part) == RowRange{next, next + before});
      next += before;
      least = std::min(least, before);
      most = std::max(most, before);
    }
    REQUIRE(next == plan.rows);
    if (plan.batch % plan.parts == 0) CHECK(most - least <= 1);
  }
}

TEST_CASE("A trillion rows do not overflow") {
  const BatchPlan plan{1'000'000'000'000, 1 << 20, 4096};
  const uint64_t last = plan.BatchesPerEpoch() - 1;
  CHECK(plan.Batch(last).end == plan.rows);
  CHECK(plan.Part(last, 4095).end == plan.rows);
  CHECK(plan.RangeOf(4095).end == plan.rows);
  CHECK(plan.PartAt(plan.rows - 1) == 4095);
  // Rounds of average_every at their longest: of an epoch, and longer than any.
  for (const uint64_t round : {plan.rows, uint64_t{1} << 52}) {
    const BatchPlan rounds{plan.rows, round, 4096};
    CHECK(rounds.BatchesPerEpoch() == 1);
    CHECK(rounds.RangeOf(0) == rounds.Part(0, 0));
    CHECK(rounds.RangeOf(4095) == rounds.Part(0, 4095));
    CHECK(rounds.RowsBefore(0, 4095) == 0);
    CHECK(rounds.PartAt(plan.rows - 1) == 4095);
  }
}

}  // namespace
}  // namespace pumasi
