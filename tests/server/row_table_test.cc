#include "server/row_table.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <unordered_map>
#include <vector>

namespace pumasi {
namespace {

TEST_CASE("A row table holds what a map would, through all its growth, and rows keep their addresses") {
  const uint32_t seed = GENERATE(1, 2, 3);
  const uint32_t floats = GENERATE(1, 7, 300000);  // one slab of 1 MiB holds many, few, or not even one of them
  CAPTURE(seed, floats);
  std::mt19937_64 random(seed);
  struct Known {
    float* state;
    float first;
  };
  std::unordered_map<uint64_t, Known> known;
  RowTable table(floats);
  const int steps = floats > 1000 ? 60 : 30000;
  for (int step = 0; step < steps; ++step) {
    // Few different ids, large ids, and ids that agree in their low bits.
    const uint64_t id = step % 3 == 0 ? random() % 1000 : step % 3 == 1 ? random() : random() << 40;
    bool inserted;
    RowTable::Row* const row = table.FindOrInsert(id, &inserted);
    const auto [place, fresh] = known.try_emplace(id, Known{row->state, static_cast<float>(step)});
    REQUIRE(inserted == fresh);
    REQUIRE(row->id == id);
    REQUIRE(row->state == place->second.state);
    if (fresh) {
      REQUIRE(row->last_step == 0);
      REQUIRE(row->state[0] == 0);
      REQUIRE(row->state[floats - 1] == 0);
      row->state[0] = static_cast<float>(step);
      row->state[floats - 1] = static_cast<float>(step);
    }
  }
  CHECK(table.rows().size() == known.size());
  for (const auto& [id, want] : known) {
    const RowTable::Row* const row = table.Find(id);
    REQUIRE(row != nullptr);
    REQUIRE(row->state == want.state);
    REQUIRE(row->state[0] == want.first);
    REQUIRE(row->state[floats - 1] == want.first);
  }
  for (int i = 0; i < 1000; ++i) {
    const uint64_t id = random();
    REQUIRE((table.Find(id) != nullptr) == (known.count(id) == 1));
  }
}

TEST_CASE("Rows stand in the order in which they were inserted") {
  RowTable table(2);
  bool inserted;
  for (const uint64_t id : {9, 2, 7, 2, 9, 0}) table.FindOrInsert(id, &inserted);
  std::vector<uint64_t> ids;
  for (const RowTable::Row& row : table.rows()) ids.push_back(row.id);
  CHECK(ids == std::vector<uint64_t>{9, 2, 7, 0});
}

TEST_CASE("An empty table finds nothing, id 0 and the largest id included") {
  RowTable table(4);
  CHECK(table.Find(0) == nullptr);
  CHECK(table.Find(~uint64_t{0}) == nullptr);
  bool inserted;
  table.FindOrInsert(~uint64_t{0}, &inserted);
  CHECK(table.Find(~uint64_t{0}) != nullptr);
  CHECK(table.Find(0) == nullptr);
}

TEST_CASE("How much a table will grow is known before") {
  const uint32_t floats = GENERATE(1, 3, 100, 20000);
  const uint64_t step = GENERATE(1, 7, 1000);
  CAPTURE(floats, step);
  RowTable table(floats);
  CHECK(table.Growth(0) == 0);
  for (uint64_t id = 0; id < std::min<uint64_t>(5 * step, 2000);) {
    const uint64_t want = table.bytes() + table.Growth(step);
    bool inserted;
    for (uint64_t i = 0; i < step; ++i) table.FindOrInsert(id++, &inserted);
    REQUIRE(table.bytes() == want);
  }
}

TEST_CASE("The bytes of a table grow with its rows, and count at least what the rows hold") {
  RowTable table(100);
  bool inserted;
  for (uint64_t id = 0; id < 20000; ++id) table.FindOrInsert(id, &inserted);
  CHECK(table.bytes() >= 20000 * table.row_bytes());
  CHECK(table.bytes() < 2 * 20000 * table.row_bytes());
}

}  // namespace
}  // namespace pumasi
