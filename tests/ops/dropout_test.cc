#include "ops/dropout.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>
#include <vector>

#include "ops/philox.h"

namespace pumasi {
namespace {

TEST_CASE("Dropout drops its share and scales the rest, so that the mean stays") {
  for (const double rate : {0.0, 0.1, 0.5, 0.9}) {
    CAPTURE(rate);
    constexpr size_t kCount = 100000;
    std::vector<float> factors(kCount);
    DropoutFactors(DropoutStream({1, 2, 3}, 4), {5, 6, DropoutUse::kInput}, rate, kCount, factors.data());
    double zeros = 0, sum = 0;
    for (const float factor : factors) {
      CHECK((factor == 0 || factor == static_cast<float>(1 / (1 - rate))));
      zeros += factor == 0;
      sum += factor;
    }
    // Five standard deviations.
    const double deviation = std::sqrt(rate * (1 - rate) / kCount);
    CHECK(std::fabs(zeros / kCount - rate) <= 5 * deviation);
    CHECK(std::fabs(sum / kCount - 1) <= 5 * deviation / (1 - rate));
  }
}

TEST_CASE("Dropout's factors are those of the documented Philox blocks, whatever the count") {
  const uint64_t stream = DropoutStream({7, 1ull << 40, 9}, 2);
  const PhiloxBlock key = Philox(7, {{0, 1u << 8, 9, 2}});
  CHECK(stream == (key.word[0] | static_cast<uint64_t>(key.word[1]) << 32));
  for (const size_t count : {0, 1, 3, 4, 5, 67}) {
    CAPTURE(count);
    std::vector<float> factors(count + 1, -1.0f);
    DropoutFactors(stream, {3, 8, DropoutUse::kState}, 0.25, count, factors.data());
    for (size_t i = 0; i < count; ++i) {
      const uint32_t word = Philox(stream, {{static_cast<uint32_t>(i / 4), 3, 8, 1}}).word[i % 4];
      CHECK(factors[i] == ((word >> 8) < (1u << 22) ? 0.0f : static_cast<float>(1 / 0.75)));
    }
    CHECK(factors[count] == -1.0f);
  }
}

TEST_CASE("Seeds, versions, parts, layers, rows, steps and uses draw different factors") {
  std::set<std::vector<float>> seen;
  const auto draw = [&](const DropoutKey& key, uint32_t layer, const DropoutPlace& place) {
    std::vector<float> factors(64);
    DropoutFactors(DropoutStream(key, layer), place, 0.5, factors.size(), factors.data());
    seen.insert(factors);
  };
  draw({1, 1, 1}, 1, {1, 1, DropoutUse::kInput});
  draw({2, 1, 1}, 1, {1, 1, DropoutUse::kInput});
  draw({1, 2, 1}, 1, {1, 1, DropoutUse::kInput});
  draw({1, 1, 2}, 1, {1, 1, DropoutUse::kInput});
  draw({1, 1, 1}, 2, {1, 1, DropoutUse::kInput});
  draw({1, 1, 1}, 1, {2, 1, DropoutUse::kInput});
  draw({1, 1, 1}, 1, {1, 2, DropoutUse::kInput});
  draw({1, 1, 1}, 1, {1, 1, DropoutUse::kState});
  draw({1, 1, 1}, 1, {1, 1, DropoutUse::kBackwardInput});
  draw({1, 1, 1}, 1, {1, 1, DropoutUse::kBackwardState});
  CHECK(seen.size() == 10);
}

}  // namespace
}  // namespace pumasi
