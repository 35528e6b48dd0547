#include "ops/optimizer_row_values.h"

#include <catch2/catch.hpp>
#include <vector>

#include "ops/initializer.h"
#include "tests/ops/optimizer_cases.h"

namespace pumasi {
namespace {

TEST_CASE("Rows that a checkpoint does not hold are as its version leaves them") {
  v1::TableSpec spec;
  spec.set_name("words");
  spec.set_kind(v1::TableSpec::ROWS);
  spec.set_rows(10);
  spec.set_columns(4);
  spec.mutable_initializer()->set_kind(v1::Initializer::UNIFORM);
  spec.mutable_initializer()->set_limit(0.05f);
  std::vector<float> initial(4), value(4);
  InitialRow(spec, 7, initial.data());
  for (const std::string& text : OptimizerCases()) {
    CAPTURE(text);
    const v1::Optimizer proto = ParseOptimizer(text);
    const auto at_start = OptimizerRowValues::Create(proto, 0), later = OptimizerRowValues::Create(proto, 5000);
    REQUIRE(at_start.ok());
    REQUIRE(later.ok());
    (*at_start)->Initial(spec, 7, value.data());
    CHECK(value == initial);
    (*later)->Initial(spec, 7, value.data());
    CHECK((value == initial) == !proto.has_adamw());
    // The same as of a row that is stored without ever having been touched.
    std::vector<float> state(initial), current(4);
    state.resize(4 * (1 + (*later)->slot_names().size()));
    (*later)->Current(spec, 0, 5000, state.data(), current.data());
    CHECK(value == current);
  }
}

TEST_CASE("Of a checkpoint with lanes that have values of their own, the ones that count are shown, caught up") {
  v1::Manifest manifest;
  manifest.mutable_job()->set_micro_batches(2);
  manifest.mutable_job()->mutable_average_every()->set_batches(3);
  manifest.mutable_job()->mutable_average_every()->set_elastic(1);
  manifest.mutable_progress()->set_version(7);
  const auto values = OptimizerRowValues::Of(manifest);
  REQUIRE(values.ok());
  CHECK((*values)->slot_names() == std::vector<std::string>{"lane_0", "lane_1"});
  v1::TableSpec spec;
  spec.set_columns(1);
  // In each step half of the lanes' differences goes to the centre, and all of it and half of that off them.
  const float state[] = {1, 0.5f, 0.25f};
  float value = 0;
  (*values)->Current(spec, 7, 7, state, &value);
  CHECK(value == 1);
  (*values)->Current(spec, 6, 7, state, &value);
  CHECK(value == 1.375f);
  (*values)->Current(spec, 5, 7, state, &value);
  CHECK(value == 1.1875f);
}

}  // namespace
}  // namespace pumasi
