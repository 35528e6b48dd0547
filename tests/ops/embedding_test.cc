#include "ops/embedding.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <vector>

namespace pumasi {
namespace {

TEST_CASE("Merged ids ascend, each once, and the index leads back to every id") {
  const int seed = GENERATE(range(0, 12));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::vector<uint64_t> ids(random() % 200);
  for (uint64_t& id : ids) id = (random() % 50) << (random() % 2 * 40);
  std::vector<uint64_t> distinct = {9, 9};
  std::vector<uint32_t> index = {1};
  MergeIds(ids.data(), ids.size(), &distinct, &index);
  const std::set<uint64_t> want(ids.begin(), ids.end());
  CHECK(std::equal(distinct.begin(), distinct.end(), want.begin(), want.end()));
  REQUIRE(index.size() == ids.size());
  for (size_t i = 0; i < ids.size(); ++i) CHECK(distinct[index[i]] == ids[i]);
}

TEST_CASE("Gathered rows stand in the index' order, repeated where it repeats") {
  const std::vector<float> table = {0, 1, 10, 11, 20, 21};
  const std::vector<uint32_t> index = {2, 0, 2};
  std::vector<float> out(6);
  GatherRows(2, table.data(), index.data(), index.size(), out.data());
  CHECK(out == std::vector<float>{20, 21, 0, 1, 20, 21});
}

}  // namespace
}  // namespace pumasi
