#include "common/retry.h"

#include <catch2/catch.hpp>
#include <cstdint>
#include <limits>

namespace pumasi {
namespace {

TEST_CASE("waits grow up to the longest, and start again after a success") {
  Backoff backoff({absl::Milliseconds(100), absl::Milliseconds(500), 2});
  CHECK(backoff.Next(0) == absl::Milliseconds(100));
  CHECK(backoff.Next(0) == absl::Milliseconds(200));
  CHECK(backoff.Next(0) == absl::Milliseconds(400));
  CHECK(backoff.Next(0) == absl::Milliseconds(500));
  for (int i = 0; i < 10000; ++i) CHECK(backoff.Next(0) == absl::Milliseconds(500));
  backoff.Reset();
  CHECK(backoff.Next(0) == absl::Milliseconds(100));
}

TEST_CASE("random bits shorten a wait by up to a half, the same bits by the same") {
  const uint64_t most = std::numeric_limits<uint64_t>::max();
  CHECK(Backoff({absl::Seconds(1), absl::Seconds(1), 2}).Next(uint64_t{1} << 63) == absl::Milliseconds(750));
  const absl::Duration least = Backoff({absl::Seconds(1), absl::Seconds(1), 2}).Next(most);
  CHECK(least >= absl::Milliseconds(500));
  CHECK(least < absl::Milliseconds(501));
  Backoff a, b;
  for (uint64_t bits = 0; bits < 100; ++bits) CHECK(a.Next(bits << 57) == b.Next(bits << 57));
}

}  // namespace
}  // namespace pumasi
