#include "ops/tree/gradient.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <vector>

namespace pumasi {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

Gradient Rows(std::vector<uint64_t> ids, std::vector<float> values) {
  Gradient gradient;
  gradient.rows.push_back({std::move(ids), std::move(values)});
  return gradient;
}

TEST_CASE("Rows of either side are merged by id; a row of both is left plus right") {
  Gradient left = Rows({1, 5, 9}, {1, 2, 3, 4, 5, 6});
  Add(left, Rows({0, 5, 10}, {10, 20, 30, 40, 50, 60}), {2});
  CHECK(left.rows[0].ids == std::vector<uint64_t>{0, 1, 5, 9, 10});
  CHECK(left.rows[0].values == std::vector<float>{10, 20, 1, 2, 33, 44, 5, 6, 50, 60});
}

TEST_CASE("A side without rows changes nothing") {
  Gradient left = Rows({3}, {1});
  Add(left, Rows({}, {}), {1});
  CHECK(left.rows[0].ids == std::vector<uint64_t>{3});
  Gradient empty = Rows({}, {});
  Add(empty, std::move(left), {1});
  CHECK(empty.rows[0].ids == std::vector<uint64_t>{3});
  CHECK(empty.rows[0].values == std::vector<float>{1});
}

TEST_CASE("Merging many random rows is what a map would give") {
  const uint32_t seed = GENERATE(1, 2, 3, 4, 5);
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  constexpr size_t kWidth = 5;
  std::map<uint64_t, std::vector<float>> want;
  const auto draw = [&] {
    RowGradient rows;
    for (uint64_t id = 0; id < 200; ++id) {
      if (random() % 3 > 0) continue;
      rows.ids.push_back(id);
      std::vector<float> values(kWidth);
      for (float& value : values) value = std::ldexp(static_cast<float>(random() % 100000), -int(random() % 40));
      rows.values.insert(rows.values.end(), values.begin(), values.end());
      const auto [place, fresh] = want.try_emplace(id, values);
      for (size_t i = 0; i < kWidth && !fresh; ++i) place->second[i] += values[i];
    }
    return rows;
  };
  Gradient left, right;
  left.rows.push_back(draw());
  right.rows.push_back(draw());
  Add(left, std::move(right), {kWidth});
  REQUIRE(left.rows[0].ids.size() == want.size());
  size_t at = 0;
  for (const auto& [id, values] : want) {
    CAPTURE(id);
    CHECK(left.rows[0].ids[at] == id);
    CHECK(std::memcmp(left.rows[0].values.data() + at * kWidth, values.data(), kWidth * sizeof(float)) == 0);
    ++at;
  }
}

TEST_CASE("A dense piece that one side lacks is taken as it is, minus zero included") {
  Gradient left, right;
  left.dense = {{-0.0f, 1}, {}, {-0.0f}, {}};
  right.dense = {{}, {-0.0f, 2}, {-0.0f}, {}};
  Add(left, std::move(right), {});
  CHECK(std::signbit(left.dense[0][0]));
  CHECK(std::signbit(left.dense[1][0]));
  CHECK(left.dense[1][1] == 2);
  CHECK(std::signbit(left.dense[2][0]));
  CHECK(left.dense[3].empty());
}

TEST_CASE("A row that one side lacks keeps its minus zero") {
  Gradient left = Rows({1, 2}, {-0.0f, 1});
  Add(left, Rows({2}, {1}), {1});
  CHECK(std::signbit(left.rows[0].values[0]));
}

TEST_CASE("A value that is not finite is found wherever it stands") {
  for (const float bad : {kNan, -kNan, kInf, -kInf}) {
    for (size_t size = 1; size <= 40; ++size) {
      for (size_t at = 0; at < size; ++at) {
        std::vector<float> values(size, std::numeric_limits<float>::max());
        CHECK(AllFinite(values.data(), size));
        values[at] = bad;
        CAPTURE(size, at, bad);
        CHECK_FALSE(AllFinite(values.data(), size));
        // What lies behind the end does not count.
        CHECK(AllFinite(values.data(), at));
      }
    }
  }
}

}  // namespace
}  // namespace pumasi
