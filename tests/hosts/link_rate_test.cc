#include "tools/hosts/link_rate.h"

#include <catch2/catch.hpp>

namespace pumasi {

TEST_CASE("A link's rate is a number with its unit, or none") {
  CHECK(*ParseLinkRate("1gbit") == 1'000'000'000);
  CHECK(*ParseLinkRate("2.5Gbit") == 2'500'000'000);
  CHECK(*ParseLinkRate("100mbit") == 100'000'000);
  CHECK(*ParseLinkRate("none") == kUnlimited);
}

TEST_CASE("What is no rate of a link is refused, and what would be one is said") {
  for (const char* text : {"", "gbit", "1", "1g", "0gbit", "-1gbit", "nangbit", "infgbit", "1e300gbit", "0.5mbit",
                           "2000gbit", "1gbit ", "1 mbit/s"}) {
    CAPTURE(text);
    const auto rate = ParseLinkRate(text);
    REQUIRE_FALSE(rate.ok());
    CHECK(rate.status().code() == absl::StatusCode::kInvalidArgument);
    CHECK_THAT(std::string(rate.status().message()), Catch::Matchers::Contains("100mbit"));
  }
}

}  // namespace pumasi
