// What tests of plans start from.
#ifndef PUMASI_TESTS_PLAN_SOME_INPUT_H_
#define PUMASI_TESTS_PLAN_SOME_INPUT_H_

#include <catch2/catch.hpp>
#include <cmath>
#include <string>

#include "common/field_rules.h"
#include "common/yaml_message.h"
#include "tools/plan/prediction.h"

namespace pumasi {

// seed80m (configs/jobs/seed80m.yaml), with other settings behind it: "wire: bf16".
inline JobShape Seed80m(const std::string& more = "") {
  v1::Job job;
  const std::string text = R"(
name: seed80m
data: {synthetic: {rows: 12800, words: 50, vocabulary: 266927, classes: 31, zipf: 1.05}}
model: [{embedding: {width: 300}}, {lstm: {units: 256}}, {dense: {activation: softmax}}]
optimizer: {adam: {}}
)" + more;
  REQUIRE(ParseYamlMessage(text, "job", &job).ok());
  REQUIRE(CompleteMessage(&job).ok());
  v1::DataSummary data;
  data.set_train_rows(12800);
  data.set_vocabulary(266927);
  data.set_classes(31);
  auto shape = ShapeOf(job, data);
  REQUIRE(shape.ok());
  return *shape;
}

// What seed80m's ids come to, as measured on its own rows: for tests of what follows from it.
inline double SeedDistinct(double rows) {
  if (rows <= 0) return 0;
  if (rows >= 12800) return 90512;
  // 868 and 1,566 in 32 and 64 rows.
  return 1566 * std::pow(rows / 64, 0.851);
}

inline MachineGroup SomeMachines(uint32_t count, double cores, double gbit) {
  return {count, cores, 64.0 * (1 << 30), gbit * 1e9 / 8, 1, true, true};
}

// seed80m on `groups`, a worker computing 800 rows/s; rows of 50 tokens. `ids` has to outlive it.
inline PlanInput SomeInput(const DistinctIds& ids, std::vector<MachineGroup> groups, const std::string& more = "") {
  PlanInput input;
  input.shape = Seed80m(more);
  input.ids = &ids;
  input.groups = std::move(groups);
  input.costs = CostsOf({});
  input.compute = ComputeTime::Stated(800);
  return input;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_PLAN_SOME_INPUT_H_
