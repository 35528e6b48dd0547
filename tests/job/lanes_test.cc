// Units of a job that averages.
#include "worker/job/lanes.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <vector>

#include "tests/job/tiny_work.h"

namespace pumasi {
namespace {

constexpr double kRate = 0.25;

// 4 lanes of 2 batches of 2 rows: rounds of 16 and 7 of the 23 rows.
v1::Job AveragingJob() {
  v1::Job job = TinyJob();
  job.set_batch(2);
  job.set_micro_batches(4);
  job.mutable_optimizer()->mutable_sgd()->set_learning_rate(kRate);
  job.mutable_average_every()->set_batches(2);
  job.mutable_model(1)->mutable_lstm()->set_recurrent_dropout(0.3);
  return job;
}

struct Averaging : TinyWork {
  explicit Averaging(size_t devices = 1) : TinyWork(AveragingJob(), devices) {
    v1::DataSummary data;
    data.set_train_rows(23);
    shape = WorkShapeOf(AveragingJob(), data);
    REQUIRE(shape.lanes.has_value());
  }
  v1::Lease Round(uint64_t version, PartRange lanes) const {
    v1::Lease lease = Lease(version % 2, lanes, static_cast<uint32_t>(version / 2));
    lease.set_version(version);
    return lease;
  }
};

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

TEST_CASE("Over the lanes of all rounds every row is read once an epoch") {
  Averaging work;
  for (uint64_t version = 0; version < 4; ++version) {
    if (version % 2 == 0) work.train.asked.clear();
    for (uint32_t lane = 0; lane < 4; ++lane) {
      const auto unit = ReadUnit(work.Round(version, {lane, lane + 1}), work.shape, work.train, nullptr);
      REQUIRE(unit.ok());
      REQUIRE(unit->lanes.size() == 1);
      CHECK(unit->lanes[0].size() == (version % 2 == 0 ? 2 : 1));
      for (const Part& batch : unit->lanes[0]) CHECK(batch.rows() <= 2);
    }
    if (version % 2 == 0) continue;
    REQUIRE(work.train.asked.size() == 23);
    for (const auto& [row, times] : work.train.asked) CHECK(times == 1);
  }
}

TEST_CASE("With split: epoch a lane trains on its own range of the data, over all rounds") {
  Averaging work;
  work.shape.split = v1::SPLIT_EPOCH;
  uint64_t next = 0;
  for (uint32_t lane = 0; lane < 4; ++lane) {
    work.train.asked.clear();
    for (uint64_t version = 2; version < 4; ++version) {
      REQUIRE(ReadUnit(work.Round(version, {lane, lane + 1}), work.shape, work.train, nullptr).ok());
    }
    for (const auto& [row, times] : work.train.asked) {
      CHECK(row == next++);
      CHECK(times == 1);
    }
  }
  CHECK(next == 23);
}

TEST_CASE("A job says how its rows are split") {
  v1::Job job = AveragingJob();
  v1::DataSummary data;
  data.set_train_rows(23);
  CHECK(WorkShapeOf(job, data).split != v1::SPLIT_EPOCH);
  job.set_split(v1::SPLIT_EPOCH);
  CHECK(WorkShapeOf(job, data).split == v1::SPLIT_EPOCH);
}

TEST_CASE("A lane comes to what a plain loop of SGD over its batches does") {
  for (const uint64_t version : {0, 3}) {
    for (uint32_t lane = 0; lane < 4; ++lane) {
      CAPTURE(version, lane);
      Averaging work;
      const v1::Lease lease = work.Round(version, {lane, lane + 1});
      const auto unit = ReadUnit(lease, work.shape, work.train, nullptr);
      REQUIRE(unit.ok());
      // All of every table, and every batch as a unit by itself.
      std::vector<std::vector<float>> values = work.values;
      double loss = 0;
      const uint64_t before = version == 0 ? 0 : 2 + 1 + 2;
      for (size_t i = 0; i < unit->lanes[0].size(); ++i) {
        const Part& batch = unit->lanes[0][i];
        std::vector<float> rows;
        for (const uint64_t id : batch.ids) {
          rows.insert(rows.end(), values[0].begin() + ptrdiff_t(id * 2), values[0].begin() + ptrdiff_t(id * 2 + 2));
        }
        Parameters parameters;
        parameters.rows = rows.data();
        for (size_t table = 0; table < values.size(); ++table) {
          parameters.dense.push_back(table == 0 ? nullptr : values[table].data());
        }
        PartGradients gradients;
        PartOutcome outcome;
        REQUIRE(work.model->Train(batch, parameters, batch.rows(), &gradients, &outcome, {3, before + i, lane}).ok());
        loss += outcome.loss;
        for (size_t row = 0; row < batch.ids.size(); ++row) {
          for (size_t c = 0; c < 2; ++c) {
            values[0][batch.ids[row] * 2 + c] -= float(kRate * gradients.rows[row * 2 + c]);
          }
        }
        for (size_t table = 1; table < values.size(); ++table) {
          for (size_t j = 0; j < values[table].size(); ++j) {
            values[table][j] -= float(kRate * gradients.dense[table][j]);
          }
        }
      }
      const UnitResult result = work.Compute(lease);
      REQUIRE(result.done.parts_size() == 1);
      CHECK(result.done.parts(0).part() == lane);
      CHECK(result.done.parts(0).samples() == work.shape.plan.Part(version % 2, lane).size());
      CHECK(result.done.parts(0).loss() == Approx(loss));
      REQUIRE(result.gradient.rows[0].ids == unit->ids);
      for (size_t row = 0; row < unit->ids.size(); ++row) {
        for (size_t c = 0; c < 2; ++c) {
          const size_t at = unit->ids[row] * 2 + c;
          CHECK(result.gradient.rows[0].values[row * 2 + c] ==
                Approx((work.values[0][at] - values[0][at]) / 4).margin(1e-6));
        }
      }
      for (size_t table = 1; table < values.size(); ++table) {
        for (size_t j = 0; j < values[table].size(); ++j) {
          CHECK(result.gradient.dense[table][j] == Approx((work.values[table][j] - values[table][j]) / 4).margin(1e-6));
        }
      }
    }
  }
}

TEST_CASE("A lane with parameters of its own brings all that it changed of them, and is a unit alone") {
  Averaging mean, own;
  own.shape.lanes->elastic = true;
  for (const uint64_t version : {0, 1}) {
    const Gradient share = mean.Compute(mean.Round(version, {2, 3})).gradient;
    const Gradient all = own.Compute(own.Round(version, {2, 3})).gradient;
    REQUIRE(all.rows[0].ids == share.rows[0].ids);
    for (size_t i = 0; i < share.rows[0].values.size(); ++i) {
      CHECK(all.rows[0].values[i] == Approx(4 * share.rows[0].values[i]).margin(1e-6));
    }
    for (size_t i = 0; i < share.dense[1].size(); ++i) {
      CHECK(all.dense[1][i] == Approx(4 * share.dense[1][i]).margin(1e-6));
    }
  }
  const auto two = ReadUnit(own.Round(0, {2, 4}), own.shape, own.train, nullptr);
  CHECK(absl::IsInvalidArgument(two.status()));
}

TEST_CASE("A job says whether its lanes have parameters of their own") {
  v1::Job job = AveragingJob();
  v1::DataSummary data;
  data.set_train_rows(23);
  CHECK_FALSE(WorkShapeOf(job, data).lanes->elastic);
  job.mutable_average_every()->set_elastic(0.9);
  CHECK(WorkShapeOf(job, data).lanes->elastic);
}

TEST_CASE("A unit of several lanes is the tree over its single lanes, bit by bit, on any number of devices") {
  for (const size_t devices : {1, 3}) {
    Averaging work(devices), alone;
    std::vector<uint32_t> widths;
    for (const v1::TableSpec& table : work.tables) widths.push_back(table.columns());
    for (const uint64_t version : {0, 1}) {
      const auto one = [&](uint32_t lane) { return alone.Compute(alone.Round(version, {lane, lane + 1})).gradient; };
      Gradient want = one(0), right = one(2);
      Add(want, one(1), widths);
      Add(right, one(3), widths);
      Add(want, std::move(right), widths);
      const UnitResult have = work.Compute(work.Round(version, {0, 4}));
      CHECK(have.gradient.rows[0].ids == want.rows[0].ids);
      CHECK(SameBits(have.gradient.rows[0].values, want.rows[0].values));
      for (size_t table = 1; table < work.tables.size(); ++table) {
        CHECK(SameBits(have.gradient.dense[table], want.dense[table]));
      }
      CHECK(have.done.parts_size() == 4);
    }
  }
}

TEST_CASE("A unit ends after the batch at which it is no longer wanted") {
  Averaging work;
  const auto unit = ReadUnit(work.Round(0, {0, 4}), work.shape, work.train, nullptr);
  REQUIRE(unit.ok());
  int batches = 0;
  const auto third = [&] { return ++batches < 3; };
  const auto result = ComputeUnit(*unit, work.Pull(*unit), work.shape, work.tables, *work.devices, third);
  CHECK(absl::IsCancelled(result.status()));
  CHECK(batches == 3);
}

TEST_CASE("Reading a unit tells of each batch, too, and ends where it is no longer wanted") {
  Averaging work;
  int batches = 0;
  const auto unit = ReadUnit(work.Round(0, {0, 4}), work.shape, work.train, nullptr, [&] { return ++batches > 0; });
  REQUIRE(unit.ok());
  CHECK(batches == 8);
  const auto third = [&] { return ++batches < 8 + 3; };
  CHECK(absl::IsCancelled(ReadUnit(work.Round(0, {0, 4}), work.shape, work.train, nullptr, third).status()));
  CHECK(batches == 8 + 3);
}

TEST_CASE("An evaluation of a job that averages is like any other") {
  Averaging work;
  TinyWork plain(AveragingJob());
  const UnitResult have = work.Compute(work.Evaluation(0, 9)), want = plain.Compute(plain.Evaluation(0, 9));
  CHECK(have.done.parts(0).loss() == want.done.parts(0).loss());
  CHECK(have.done.parts(0).samples() == 9);
}

}  // namespace
}  // namespace pumasi
