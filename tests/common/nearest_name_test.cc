#include "common/nearest_name.h"

#include <catch2/catch.hpp>

namespace pumasi {
namespace {

TEST_CASE("edit distance counts insertions, removals and replacements") {
  CHECK(EditDistance("", "") == 0);
  CHECK(EditDistance("", "abc") == 3);
  CHECK(EditDistance("kitten", "sitting") == 3);
  CHECK(EditDistance("units", "unitz") == 1);
  CHECK(EditDistance("flaw", "lawn") == 2);
}

TEST_CASE("a near name is suggested, and otherwise all valid ones are listed") {
  CHECK(SuggestName("unitz", {"width", "units"}) == "did you mean 'units'?");
  CHECK(SuggestName("optimiser", {"optimizer", "epochs"}) == "did you mean 'optimizer'?");
  CHECK(SuggestName("convolution", {"lstm", "dense"}) == "valid: lstm, dense");
  CHECK(SuggestName("ab", {"xy"}) == "valid: xy");
  CHECK(SuggestName("x", {}) == "");
  CHECK(SuggestName(std::string(100000, 'x'), {"y"}) == "valid: y");
}

}  // namespace
}  // namespace pumasi
