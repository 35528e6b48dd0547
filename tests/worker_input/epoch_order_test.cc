#include "worker/input/epoch_order.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "worker/input/row_order.h"

namespace pumasi {
namespace {

// By part, the rows that its positions have over an epoch, batch by batch.
std::vector<std::vector<uint64_t>> RowsByPart(const BatchPlan& plan, const EpochOrder& order, uint64_t epoch) {
  std::vector<std::vector<uint64_t>> rows(plan.parts);
  for (uint64_t batch = 0; batch < plan.BatchesPerEpoch(); ++batch) {
    for (uint32_t part = 0; part < plan.parts; ++part) {
      const RowRange range = plan.Part(batch, part);
      for (uint64_t i = range.first; i < range.end; ++i) rows[part].push_back(order.Row(epoch, i));
    }
  }
  return rows;
}

std::vector<uint64_t> Sorted(std::vector<uint64_t> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

TEST_CASE("split: batch is one permutation of all rows, whatever the parts") {
  for (const uint32_t parts : {1, 4}) {
    const EpochOrder order({100, 8, parts}, 5, v1::SPLIT_BATCH);
    for (uint64_t i = 0; i < 100; ++i) REQUIRE(order.Row(2, i) == ShuffledRow(5, 2, i, 100));
  }
}

TEST_CASE("With split: epoch each part has one range of the data, in any plan, and each row of it once an epoch") {
  const unsigned seed = std::random_device()();
  CAPTURE(seed);
  std::minstd_rand random(seed);
  for (int i = 0; i < 300; ++i) {
    const uint32_t parts = 1 + random() % 9;
    // Most jobs have equal parts; lanes of short rounds do not.
    const uint64_t batch = (1 + random() % 12) * (random() % 4 > 0 ? parts : 1);
    const BatchPlan plan{1 + random() % 300, batch, parts};
    const EpochOrder order(plan, random(), v1::SPLIT_EPOCH);
    CAPTURE(plan.rows, batch, parts);
    for (uint64_t epoch = 0; epoch < 2; ++epoch) {
      uint64_t next = 0;
      for (const std::vector<uint64_t>& rows : RowsByPart(plan, order, epoch)) {
        // So ranges follow one another, and hold all rows.
        for (const uint64_t row : Sorted(rows)) REQUIRE(row == next++);
      }
      REQUIRE(next == plan.rows);
    }
  }
}

TEST_CASE("Rows that do not divide: ranges differ by one row at most, and parts have as many rows as ever") {
  // Batches of 8 and 8 and one of 3 rows for 4 parts.
  const BatchPlan plan{19, 8, 4};
  const auto rows = RowsByPart(plan, {plan, 1, v1::SPLIT_EPOCH}, 0);
  CHECK(Sorted(rows[0]) == std::vector<uint64_t>{0, 1, 2, 3});
  CHECK(Sorted(rows[1]) == std::vector<uint64_t>{4, 5, 6, 7, 8});
  CHECK(Sorted(rows[2]) == std::vector<uint64_t>{9, 10, 11, 12, 13});
  CHECK(Sorted(rows[3]) == std::vector<uint64_t>{14, 15, 16, 17, 18});
  CHECK(plan.Part(2, 0).size() == 0);
}

TEST_CASE("Ranges are shuffled anew in each epoch, with each seed, and each in its own way") {
  const BatchPlan plan{4000, 40, 4};
  const auto first = RowsByPart(plan, {plan, 1, v1::SPLIT_EPOCH}, 0);
  const auto equal = [&](const std::vector<uint64_t>& other, uint64_t shift) {
    int places = 0;
    for (size_t i = 0; i < 1000; ++i) places += first[0][i] + shift == other[i];
    return places;
  };
  // One place is equal on average; twelve would be as good as impossible by chance.
  CHECK(equal(RowsByPart(plan, {plan, 1, v1::SPLIT_EPOCH}, 1)[0], 0) < 12);
  CHECK(equal(RowsByPart(plan, {plan, 2, v1::SPLIT_EPOCH}, 0)[0], 0) < 12);
  CHECK(equal(first[1], 1000) < 12);
  CHECK(equal(first[3], 3000) < 12);
  CHECK(equal(RowsByPart(plan, {plan, 1, v1::SPLIT_EPOCH}, 0)[0], 0) == 1000);
}

TEST_CASE("A job's order goes by its batches; if it averages, by its rounds") {
  v1::Job job;
  job.set_seed(7);
  job.set_batch(10);
  job.set_micro_batches(2);
  job.set_split(v1::SPLIT_EPOCH);
  // Position 5 of batch 1 is the first one of part 1, and so of the second half.
  CHECK(EpochOrderOf(job, 100).Row(0, 15) >= 50);
  CHECK(EpochOrderOf(job, 100).Row(0, 25) >= 50);
  job.mutable_average_every()->set_epochs(1);
  for (uint64_t i = 0; i < 100; ++i) CHECK((EpochOrderOf(job, 100).Row(0, i) >= 50) == (i >= 50));
  job.set_split(v1::SPLIT_BATCH);
  CHECK(EpochOrderOf(job, 100).Row(3, 15) == ShuffledRow(7, 3, 15, 100));
}

TEST_CASE("The orders of ranges are these for ever: a job that continues must find its rows again") {
  const BatchPlan plan{12, 6, 2};
  CHECK(RowsByPart(plan, {plan, 1, v1::SPLIT_EPOCH}, 0) ==
        std::vector<std::vector<uint64_t>>{{1, 2, 3, 0, 4, 5}, {9, 10, 7, 6, 11, 8}});
  const EpochOrder large({1000000, 64, 4}, 1, v1::SPLIT_EPOCH);
  CHECK(large.Row(3, 0) == 192153);
  CHECK(large.Row(3, 999999) == 910460);
}

}  // namespace
}  // namespace pumasi
