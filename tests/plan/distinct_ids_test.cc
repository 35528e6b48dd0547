#include "tools/plan/distinct_ids.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <vector>

#include "common/field_rules.h"
#include "common/yaml_message.h"
#include "tools/plan/row_sample.h"
#include "worker/input/synthetic.h"

namespace pumasi {
namespace {

using Rows = std::vector<std::vector<uint32_t>>;

DistinctIds Sample(const Rows& rows, uint64_t all_rows, uint64_t ids) {
  DistinctIds distinct;
  for (const auto& row : rows) distinct.AddRow(row);
  distinct.Finish(all_rows, ids);
  return distinct;
}

TEST_CASE("Two of three rows, by hand") {
  // {1,2}, {1,3}: 3 ids; {1,2}, {2,2}: 2; {1,3}, {2}: 3. One row: 2, 2, 1.
  const DistinctIds distinct = Sample({{1, 2}, {1, 3}, {2, 2}}, 3, 10);
  CHECK(distinct.Expected(0) == 0);
  CHECK(distinct.Expected(1) == Approx(5.0 / 3));
  CHECK(distinct.Expected(2) == Approx(8.0 / 3));
  CHECK(distinct.Expected(3) == Approx(3));
  CHECK(distinct.Expected(1000) == Approx(3));
  CHECK(distinct.whole());
  CHECK(distinct.tokens() == Approx(2));
  CHECK(distinct.tokens_deviation() == 0);
}

TEST_CASE("Every number of rows is the mean over all ways to choose them") {
  const uint32_t seed = std::random_device()();
  INFO("seed " << seed);
  std::mt19937 random(seed);
  Rows rows(9);
  for (auto& row : rows) {
    for (uint32_t i = random() % 5; i-- > 0;) row.push_back(random() % 8);
  }
  const DistinctIds distinct = Sample(rows, rows.size(), 8);
  std::vector<double> sums(rows.size() + 1), ways(rows.size() + 1);
  for (uint32_t chosen = 0; chosen < 1u << rows.size(); ++chosen) {
    std::set<uint32_t> ids;
    size_t count = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (!(chosen >> i & 1)) continue;
      ids.insert(rows[i].begin(), rows[i].end());
      ++count;
    }
    sums[count] += static_cast<double>(ids.size());
    ++ways[count];
  }
  for (size_t n = 0; n <= rows.size(); ++n) {
    CHECK(distinct.Expected(static_cast<double>(n)) == Approx(sums[n] / ways[n]).margin(1e-9));
  }
}

TEST_CASE("No rows, and rows without ids, have none") {
  CHECK(Sample({}, 0, 5).Expected(3) == 0);
  CHECK(Sample({{}, {}}, 2, 5).Expected(2) == 0);
}

TEST_CASE("Beyond the sample it grows, and never past the ids that there are") {
  const DistinctIds distinct = Sample({{1, 2}, {1, 3}, {4, 2}, {5, 6}}, 1000, 9);
  double before = distinct.Expected(4);
  CHECK(before == Approx(6));
  for (double n = 5; n < 1000; n *= 2) {
    CHECK(distinct.Expected(n) >= before);
    before = distinct.Expected(n);
  }
  CHECK(distinct.Expected(1e9) <= 9);
}

v1::Job SyntheticJob() {
  v1::Job job;
  REQUIRE(ParseYamlMessage("name: a\n"
                           "data: {synthetic: {rows: 4096, words: 50, vocabulary: 266927, classes: 31}}\n"
                           "model: [{embedding: {width: 3}}, {lstm: {units: 2}}, {dense: {activation: softmax}}]\n"
                           "optimizer: {sgd: {}}\n",
                           "job", &job)
              .ok());
  REQUIRE(CompleteMessage(&job).ok());
  return job;
}

TEST_CASE("Of Zipf's ids a quarter of the rows tells what parts and batches hold, and roughly what all do") {
  const v1::Job job = SyntheticJob();
  auto sources = SyntheticRows::Make(job.data().synthetic(), 1);
  REQUIRE(sources.ok());
  const RowSource& rows = *sources->train;
  const DistinctIds distinct = SampleRows(job, rows, 266927, {1024, 1 << 20});
  CHECK(distinct.sampled_rows() == 1024);
  CHECK_FALSE(distinct.whole());
  std::vector<uint32_t> tokens, labels;
  for (const uint64_t size : {16, 64, 256, 4096}) {
    double sum = 0;
    const uint64_t blocks = 4096 / size;
    for (uint64_t block = 0; block < blocks; ++block) {
      std::set<uint32_t> ids;
      for (uint64_t i = 0; i < size; ++i) {
        rows.Get(block * size + i, &tokens, &labels);
        ids.insert(tokens.begin(), tokens.end());
      }
      sum += static_cast<double>(ids.size());
    }
    INFO(size << " rows");
    CHECK(distinct.Expected(static_cast<double>(size)) ==
          Approx(sum / static_cast<double>(blocks)).epsilon(size > 1024 ? 0.15 : 0.03));
  }
}

TEST_CASE("Masked ids are no ids") {
  v1::Job job = SyntheticJob();
  job.mutable_model(0)->mutable_embedding()->set_mask_zero(true);
  struct Two : RowSource {
    uint64_t rows() const override { return 2; }
    void Get(uint64_t row, std::vector<uint32_t>* tokens, std::vector<uint32_t>* labels) const override {
      *tokens = {0, static_cast<uint32_t>(row + 1)};
      *labels = {0};
    }
  } rows;
  CHECK(SampleRows(job, rows, 3).Expected(2) == Approx(2));
  job.mutable_model(0)->mutable_embedding()->set_mask_zero(false);
  CHECK(SampleRows(job, rows, 3).Expected(2) == Approx(3));
}

}  // namespace
}  // namespace pumasi
