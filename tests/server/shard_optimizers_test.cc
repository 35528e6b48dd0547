// Every optimizer on shards: what servers give out is what one table gives that
// is updated by plain loops.
#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "ops/initializer.h"
#include "tests/ops/optimizer_cases.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

TEST_CASE(
    "Shards start slots as the optimizer says, and give out rows that "
    "were never touched as it moves them") {
  const std::string text = GENERATE(from_range(OptimizerCases()));
  CAPTURE(text);
  v1::Job job;
  job.set_micro_batches(1);
  *job.mutable_optimizer() = ParseOptimizer(text);
  const auto optimizer = MakeOptimizer(job.optimizer());
  REQUIRE(optimizer.ok());
  ShardGroup group(job, 3);

  // All tables, value and slots, as rows; a dense tensor is one row that every
  // step touches.
  const std::vector<v1::TableSpec> tables = SmallTables();
  struct Row {
    std::vector<float> value, slots;
    uint64_t last = 0;
  };
  std::vector<std::vector<Row>> rows(tables.size());
  for (size_t table = 0; table < tables.size(); ++table) {
    const bool dense = tables[table].kind() == v1::TableSpec::DENSE;
    rows[table].resize(dense ? 1 : tables[table].rows());
    for (size_t id = 0; id < rows[table].size(); ++id) {
      Row& row = rows[table][id];
      row.value.resize(dense ? DenseFloats(tables[table]) : tables[table].columns());
      row.slots.resize(row.value.size() * (*optimizer)->slots());
      if (dense) {
        InitialTensor(tables[table], row.value.data());
      } else {
        InitialRow(tables[table], id, row.value.data());
      }
      (*optimizer)->InitSlots(static_cast<int>(row.value.size()), row.slots.data());
    }
  }

  std::mt19937_64 random(5);
  for (uint64_t version = 0; version < 12; ++version) {
    CAPTURE(version);
    Gradient gradient = RandomGradient(random);
    group.Push(version, {0, 1}, gradient);
    const auto apply = [&](Row& row, const float* g) {
      const int width = static_cast<int>(row.value.size());
      (*optimizer)->CatchUp(row.last, version, width, row.value.data(), row.slots.data());
      (*optimizer)->Apply(version + 1, width, g, row.value.data(), row.slots.data());
      row.last = version + 1;
    };
    for (size_t table = 0; table < tables.size(); ++table) {
      if (tables[table].kind() == v1::TableSpec::DENSE) {
        gradient.dense[table].resize(DenseFloats(tables[table]));
        apply(rows[table][0], gradient.dense[table].data());
        continue;
      }
      const RowGradient& touched = gradient.rows[table];
      for (size_t i = 0; i < touched.ids.size(); ++i) {
        apply(rows[table][touched.ids[i]], &touched.values[i * tables[table].columns()]);
      }
    }
    const AllValues values = group.PullAll(version + 1);
    for (size_t table = 0; table < tables.size(); ++table) {
      std::vector<float> want;
      for (const Row& row : rows[table]) {
        std::vector<float> value(row.value.size());
        (*optimizer)
            ->Peek(row.last, version + 1, static_cast<int>(value.size()), row.value.data(), row.slots.data(),
                   value.data());
        want.insert(want.end(), value.begin(), value.end());
      }
      CHECK((values[table] == want));
    }
  }
}

}  // namespace
}  // namespace pumasi
