// A unit on several devices.
#include <catch2/catch.hpp>
#include <cstring>
#include <string>
#include <vector>

#include "tests/job/tiny_work.h"
#include "worker/job/unit.h"

namespace pumasi {
namespace {

bool SameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0);
}

void CheckSame(const UnitResult& have, const UnitResult& want) {
  CHECK(have.done.SerializeAsString() == want.done.SerializeAsString());
  REQUIRE(have.gradient.rows.size() == want.gradient.rows.size());
  for (size_t table = 0; table < want.gradient.rows.size(); ++table) {
    CHECK(have.gradient.rows[table].ids == want.gradient.rows[table].ids);
    CHECK(SameBits(have.gradient.rows[table].values, want.gradient.rows[table].values));
    CHECK(SameBits(have.gradient.dense[table], want.gradient.dense[table]));
  }
}

v1::Job JobWithDropout() {
  v1::Job job = TinyJob();
  job.mutable_model(1)->mutable_lstm()->set_recurrent_dropout(0.4);
  return job;
}

TEST_CASE("A unit gives the same bits on 1, 2, 3 and 7 devices") {
  for (const Precision wire : {Precision::kFloat32, Precision::kBf16}) {
    TinyWork one(JobWithDropout());
    one.shape.wire = wire;
    for (const size_t devices : {2, 3, 7}) {
      TinyWork several(JobWithDropout(), devices);
      several.shape.wire = wire;
      REQUIRE(several.devices->size() == devices);
      // The last batch has parts without rows. Each device computes many parts, so that what one left behind would
      // show.
      for (int repeat = 0; repeat < 5; ++repeat) {
        for (uint64_t batch = 0; batch < 3; ++batch) {
          for (const PartRange range : {PartRange{0, 4}, {0, 2}, {2, 4}, {1, 2}, {3, 4}}) {
            CAPTURE(devices, batch, range.first, range.end);
            CheckSame(several.Compute(several.Lease(batch, range)), one.Compute(one.Lease(batch, range)));
          }
        }
        CheckSame(several.Compute(several.Evaluation(0, 9)), one.Compute(one.Evaluation(0, 9)));
      }
    }
  }
}

TEST_CASE("With the optimizer count several devices count the same") {
  v1::Job job = TinyJob();
  job.mutable_optimizer()->mutable_count();
  TinyWork one(job), three(job, 3);
  one.shape.count = three.shape.count = true;
  for (uint64_t batch = 0; batch < 3; ++batch) {
    CheckSame(three.Compute(three.Lease(batch, {0, 4})), one.Compute(one.Lease(batch, {0, 4})));
  }
}

TEST_CASE("Where parts fail, the error is the first one's on any number of devices, and the next unit is computed") {
  for (const size_t devices : {1, 2, 3}) {
    TinyWork work(TinyJob(), devices);
    for (const std::vector<size_t>& bad : {std::vector<size_t>{2}, {1, 3}, {0, 1, 2, 3}, {3}}) {
      auto unit = ReadUnit(work.Lease(1, {0, 4}), work.shape, work.train, nullptr);
      REQUIRE(unit.ok());
      for (const size_t part : bad) unit->parts[part].labels[0] = 1000;
      CAPTURE(devices, bad);
      const absl::Status status = ComputeUnit(*unit, work.Pull(*unit), work.shape, work.tables, *work.devices).status();
      CHECK(absl::IsInvalidArgument(status));
      CHECK(std::string(status.message()).find("epoch 0, batch 1, part " + std::to_string(bad[0]) + ": ") == 0);
      TinyWork fresh;
      CheckSame(work.Compute(work.Lease(1, {0, 4})), fresh.Compute(fresh.Lease(1, {0, 4})));
    }
  }
}

}  // namespace
}  // namespace pumasi
