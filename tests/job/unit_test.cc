#include "worker/job/unit.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "ops/tree/node_rounding.h"
#include "tests/job/tiny_work.h"

namespace pumasi {
namespace {

TEST_CASE("Over the parts of all batches every row is read once an epoch, in another order each time") {
  TinyWork work;
  std::vector<std::vector<int32_t>> orders;
  for (uint32_t epoch = 0; epoch < 3; ++epoch) {
    work.train.asked.clear();
    std::vector<int32_t>& labels = orders.emplace_back();
    uint64_t rows = 0;
    for (uint64_t batch = 0; batch < 3; ++batch) {
      for (uint32_t part = 0; part < 4; ++part) {
        const auto unit = ReadUnit(work.Lease(batch, {part, part + 1}, epoch), work.shape, work.train, nullptr);
        REQUIRE(unit.ok());
        REQUIRE(unit->parts.size() == 1);
        CHECK(unit->batch_rows == (batch < 2 ? 10 : 3));
        rows += unit->parts[0].rows();
        labels.insert(labels.end(), unit->parts[0].labels.begin(), unit->parts[0].labels.end());
      }
    }
    CHECK(rows == 23);
    REQUIRE(work.train.asked.size() == 23);
    for (const auto& [row, times] : work.train.asked) CHECK(times == 1);
  }
  CHECK(orders[0] != orders[1]);
  CHECK(orders[1] != orders[2]);
}

TEST_CASE("With split: epoch a part's units have all rows of its own range of the data once an epoch, and no other") {
  TinyWork work;
  work.shape.split = v1::SPLIT_EPOCH;
  for (uint32_t epoch = 0; epoch < 2; ++epoch) {
    uint64_t next = 0;
    for (uint32_t part = 0; part < 4; ++part) {
      work.train.asked.clear();
      for (uint64_t batch = 0; batch < 3; ++batch) {
        const auto unit = ReadUnit(work.Lease(batch, {part, part + 1}, epoch), work.shape, work.train, nullptr);
        REQUIRE(unit.ok());
        // The last batch has 3 rows for 4 parts.
        CHECK(unit->parts[0].rows() == work.shape.plan.Part(batch, part).size());
      }
      for (const auto& [row, times] : work.train.asked) {
        CHECK(row == next++);
        CHECK(times == 1);
      }
    }
    CHECK(next == 23);
  }
}

TEST_CASE("A unit's parts hold the rows' tokens and labels, and its ids are those of all its parts") {
  TinyWork work;
  const auto unit = ReadUnit(work.Lease(1, {0, 4}), work.shape, work.train, nullptr);
  REQUIRE(unit.ok());
  REQUIRE(unit->parts.size() == 4);
  std::set<uint64_t> all;
  uint64_t position = 10;
  for (uint32_t number = 0; number < 4; ++number) {
    const Part& part = unit->parts[number];
    CHECK(CheckPart(part, kClasses, true).ok());
    CHECK(part.rows() == work.shape.plan.Part(1, number).size());
    all.insert(part.ids.begin(), part.ids.end());
    // A part read alone is the same.
    const auto alone = ReadUnit(work.Lease(1, {number, number + 1}), work.shape, work.train, nullptr);
    CHECK(alone->parts[0].ids == part.ids);
    CHECK(alone->parts[0].tokens == part.tokens);
    CHECK(alone->parts[0].offsets == part.offsets);
    CHECK(alone->parts[0].labels == part.labels);
    CHECK(alone->ids == part.ids);
    position += part.rows();
  }
  CHECK(position == 20);
  CHECK(unit->ids == std::vector<uint64_t>(all.begin(), all.end()));
}

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

TEST_CASE("A unit of several parts has the gradient of the tree over its single parts, bit by bit") {
  TinyWork work;
  std::vector<uint32_t> widths;
  for (const v1::TableSpec& table : work.tables) widths.push_back(table.columns());
  for (uint64_t batch = 0; batch < 3; ++batch) {
    for (const PartRange range : {PartRange{0, 2}, {2, 4}, {0, 4}}) {
      CAPTURE(batch, range.first, range.end);
      const auto single = [&](uint32_t part) { return work.Compute(work.Lease(batch, {part, part + 1})).gradient; };
      const std::function<Gradient(PartRange)> sum = [&](PartRange node) {
        if (node.size() == 1) return single(node.first);
        const uint32_t middle = node.first + node.size() / 2;
        Gradient left = sum({node.first, middle});
        Add(left, sum({middle, node.end}), widths);
        return left;
      };
      const Gradient want = sum(range), have = work.Compute(work.Lease(batch, range)).gradient;
      REQUIRE(have.rows.size() == work.tables.size());
      CHECK(have.rows[0].ids == want.rows[0].ids);
      CHECK(SameBits(have.rows[0].values, want.rows[0].values));
      for (size_t table = 1; table < work.tables.size(); ++table) {
        CAPTURE(table);
        CHECK(have.dense[table].size() == work.values[table].size());
        CHECK(SameBits(have.dense[table], want.dense[table]));
      }
    }
  }
}

TEST_CASE("A unit is computed with the values that were pulled for it, whichever unit was before") {
  TinyWork work;
  for (int repeat = 0; repeat < 3; ++repeat) {
    CAPTURE(repeat);
    const UnitResult have = work.Compute(work.Lease(repeat, {0, 4}));
    TinyWork fresh;
    fresh.values = work.values;
    const UnitResult want = fresh.Compute(fresh.Lease(repeat, {0, 4}));
    CHECK(SameBits(have.gradient.rows[0].values, want.gradient.rows[0].values));
    for (size_t table = 1; table < work.tables.size(); ++table) {
      CHECK(SameBits(have.gradient.dense[table], want.gradient.dense[table]));
      for (float& value : work.values[table]) value = 0.3f - value;
    }
  }
}

TEST_CASE("Where gradients travel as bfloat16, every node of the tree is rounded when it is made") {
  TinyWork work, exact;
  work.shape.wire = Precision::kBf16;
  std::vector<uint32_t> widths;
  for (const v1::TableSpec& table : work.tables) widths.push_back(table.columns());
  const auto lease = [&](PartRange range) {
    v1::Lease some = work.Lease(1, range);
    some.set_version(4);
    return some;
  };
  const BatchRounding rounding(Precision::kBf16, work.shape.seed, 4);
  const std::function<Gradient(PartRange)> sum = [&](PartRange node) {
    Gradient left;
    if (node.size() == 1) {
      left = exact.Compute(lease(node)).gradient;
    } else {
      const uint32_t middle = node.first + node.size() / 2;
      left = sum({node.first, middle});
      Add(left, sum({middle, node.end}), widths);
    }
    Round(NodeRounding(rounding, node), widths, &left);
    return left;
  };
  for (const PartRange range : {PartRange{1, 2}, {0, 2}, {0, 4}}) {
    CAPTURE(range.first, range.end);
    const Gradient want = sum(range), have = work.Compute(lease(range)).gradient;
    CHECK(have.rows[0].ids == want.rows[0].ids);
    CHECK(SameBits(have.rows[0].values, want.rows[0].values));
    CHECK_FALSE(SameBits(have.rows[0].values, exact.Compute(lease(range)).gradient.rows[0].values));
    for (size_t table = 1; table < work.tables.size(); ++table) CHECK(SameBits(have.dense[table], want.dense[table]));
    for (const float value : have.rows[0].values) CHECK((__builtin_bit_cast(uint32_t, value) & 0xffff) == 0);
  }
}

TEST_CASE("A part without rows has no gradient at all, not one of zeros") {
  TinyWork work;
  int empty = 0;
  for (uint32_t part = 0; part < 4; ++part) {
    const UnitResult result = work.Compute(work.Lease(2, {part, part + 1}));
    REQUIRE(result.done.parts_size() == 1);
    if (result.done.parts(0).samples() > 0) continue;
    ++empty;
    CHECK(result.gradient.rows[0].ids.empty());
    for (const auto& dense : result.gradient.dense) CHECK(dense.empty());
    CHECK(result.done.parts(0).loss() == 0);
  }
  CHECK(empty == 1);
}

TEST_CASE("The result names the lease and tells each part's samples, loss and correct answers") {
  TinyWork work;
  const UnitResult whole = work.Compute(work.Lease(0, {0, 4}));
  CHECK(whole.done.token() == 77);
  CHECK(whole.lease.end_part() == 4);
  REQUIRE(whole.done.parts_size() == 4);
  for (uint32_t part = 0; part < 4; ++part) {
    const UnitResult alone = work.Compute(work.Lease(0, {part, part + 1}));
    CAPTURE(part);
    CHECK(whole.done.parts(int(part)).part() == part);
    CHECK(whole.done.parts(int(part)).samples() == work.shape.plan.Part(0, part).size());
    CHECK(whole.done.parts(int(part)).loss() == alone.done.parts(0).loss());
    CHECK(whole.done.parts(int(part)).loss() > 0);
    CHECK(whole.done.parts(int(part)).correct() == alone.done.parts(0).correct());
    CHECK_FALSE(whole.done.parts(int(part)).outcome_unknown());
  }
}

TEST_CASE("An evaluation counts right and wrong answers, and says which were taken for which") {
  TinyWork work;
  const UnitResult whole = work.Compute(work.Evaluation(0, 9));
  REQUIRE(whole.done.parts_size() == 1);
  CHECK(whole.gradient.dense.empty());
  uint64_t wrong = 0;
  std::map<std::pair<uint32_t, uint32_t>, uint64_t> confusions;
  for (const v1::Confusion& confusion : whole.done.confusions()) {
    const bool fresh = confusions.try_emplace({confusion.truth(), confusion.predicted()}, confusion.count()).second;
    CHECK(fresh);
    if (confusion.truth() != confusion.predicted()) wrong += confusion.count();
  }
  CHECK(whole.done.parts(0).samples() == 9);
  CHECK(whole.done.parts(0).correct() + wrong == 9);
  // Row by row it comes to the same.
  double loss = 0;
  for (uint64_t row = 0; row < 9; ++row) {
    const UnitResult one = work.Compute(work.Evaluation(row, row + 1));
    loss += one.done.parts(0).loss();
    for (const v1::Confusion& confusion : one.done.confusions()) {
      CHECK(confusion.truth() == row % kClasses);
      --confusions[{confusion.truth(), confusion.predicted()}];
    }
  }
  CHECK(loss == Approx(whole.done.parts(0).loss()));
  for (const auto& [pair, count] : confusions) CHECK(count == 0);
}

TEST_CASE("A lease that does not fit the job is refused") {
  TinyWork work;
  const auto refused = [&](const v1::Lease& lease, const RowSource* test) {
    return absl::IsInvalidArgument(ReadUnit(lease, work.shape, work.train, test).status());
  };
  CHECK_FALSE(refused(work.Lease(2, {0, 4}), nullptr));
  CHECK(refused(work.Lease(3, {0, 4}), nullptr));
  CHECK(refused(work.Lease(~uint64_t{0}, {0, 4}), nullptr));
  CHECK(refused(work.Lease(0, {0, 5}), nullptr));
  CHECK(refused(work.Lease(0, {2, 2}), nullptr));
  CHECK(refused(work.Lease(0, {3, 2}), nullptr));
  CHECK(refused(work.Lease(0, {4, 5}), nullptr));
  // No nodes of the tree.
  CHECK(refused(work.Lease(0, {0, 3}), nullptr));
  CHECK(refused(work.Lease(0, {1, 3}), nullptr));
  CHECK_FALSE(refused(work.Evaluation(0, 9), &work.test));
  CHECK(refused(work.Evaluation(0, 10), &work.test));
  CHECK(refused(work.Evaluation(4, 4), &work.test));
  CHECK(refused(work.Evaluation(5, 4), &work.test));
  CHECK(refused(work.Evaluation(0, 9), nullptr));
  v1::Lease lease = work.Lease(0, {0, 4});
  lease.clear_kind();
  CHECK(refused(lease, &work.test));
}

TEST_CASE("A loss that is not a number is an error that names epoch, batch and part") {
  TinyWork work;
  work.values.back()[0] = std::nanf("");
  const auto unit = ReadUnit(work.Lease(1, {2, 4}, 5), work.shape, work.train, nullptr);
  const absl::Status status = ComputeUnit(*unit, work.Pull(*unit), work.shape, work.tables, *work.devices).status();
  CHECK(absl::IsOutOfRange(status));
  CHECK(std::string(status.message()).find("epoch 5, batch 1, part 2: the loss is nan") == 0);
}

TEST_CASE(
    "With the optimizer count a gradient counts how often each id occurs, bit by bit the same however parts are cut") {
  v1::Job job = TinyJob();
  job.mutable_optimizer()->mutable_count();
  TinyWork work(job);
  CHECK(WorkShapeOf(job, {}).count);
  work.shape.count = true;
  std::map<uint64_t, float> by_hand, counted;
  for (uint64_t row = 0; row < 23; ++row) {
    std::vector<uint32_t> tokens, labels;
    work.train.Get(row, &tokens, &labels);
    for (const uint32_t token : tokens) ++by_hand[token];
  }
  float parts = 0;
  for (uint64_t batch = 0; batch < 3; ++batch) {
    for (const PartRange range : {PartRange{0, 2}, {2, 3}, {3, 4}}) {
      const UnitResult result = work.Compute(work.Lease(batch, range));
      for (const v1::PartResult& part : result.done.parts()) parts += part.samples() > 0;
      const RowGradient& rows = result.gradient.rows[0];
      for (size_t i = 0; i < rows.ids.size(); ++i) {
        counted[rows.ids[i]] += rows.values[2 * i];
        CHECK(rows.values[2 * i] == rows.values[2 * i + 1]);
      }
      if (result.gradient.dense.back().empty()) continue;
      for (const float value : result.gradient.dense.back()) CHECK(value == result.gradient.dense.back()[0]);
      parts -= result.gradient.dense.back()[0];
    }
  }
  CHECK(counted == by_hand);
  CHECK(parts == 0);
}

TEST_CASE("With the optimizer count masked tokens are not counted") {
  v1::Job job = TinyJob();
  job.mutable_model(0)->mutable_embedding()->set_mask_zero(true);
  TinyWork work(job);
  work.shape.count = true;
  const UnitResult result = work.Compute(work.Lease(0, {0, 4}));
  REQUIRE_FALSE(result.gradient.rows[0].ids.empty());
  CHECK(result.gradient.rows[0].ids[0] != 0);
}

}  // namespace
}  // namespace pumasi
