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

}  // namespace
}  // namespace pumasi
