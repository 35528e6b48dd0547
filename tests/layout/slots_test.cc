#include "common/layout/slots.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

namespace pumasi {
namespace {

v1::TableSpec Dense(uint64_t rows, uint32_t columns) {
  v1::TableSpec spec;
  spec.set_kind(v1::TableSpec::DENSE);
  spec.set_rows(rows);
  spec.set_columns(columns);
  return spec;
}

// Checkpoints find their sections by slot: if one of these changes, old checkpoints can't be read any more.
TEST_CASE("The slots of rows are those that checkpoints were written with") {
  struct Known {
    uint32_t table;
    uint64_t id;
    uint32_t slots;
    uint32_t slot;
  };
  const Known known[] = {
      {0, 0, 64, 47},
      {0, 1, 64, 1},
      {0, 2, 64, 14},
      {0, 49999, 64, 63},
      {1, 0, 64, 16},
      {3, 7, 64, 60},
      {0, 0, 1000, 535},
      {0, uint64_t{1} << 40, 65536, 50057},
      {2, uint64_t{1} << 63, 65536, 349},
      {0, 12345678901, 7, 3},
  };
  for (const Known& row : known) {
    CAPTURE(row.table, row.id, row.slots);
    CHECK(SlotOfRow(row.table, row.id, row.slots) == row.slot);
  }
}

TEST_CASE("The slots of dense chunks are those that checkpoints were written with") {
  CHECK(SlotOfChunk(0, 0, 64) == 0);
  CHECK(SlotOfChunk(1, 0, 64) == 1);
  CHECK(SlotOfChunk(1, 63, 64) == 0);
  CHECK(SlotOfChunk(5, 130, 64) == 7);
  CHECK(SlotOfChunk(0xffffffff, 0xffffffff, 1000) == (2 * uint64_t{0xffffffff}) % 1000);
}

TEST_CASE("Neighbouring ids are spread evenly over the slots") {
  constexpr uint32_t kSlots = 64;
  constexpr uint32_t kIds = 64000;
  for (const uint32_t table : {0u, 1u, 5u}) {
    std::vector<int> count(kSlots);
    for (uint64_t id = 0; id < kIds; ++id) ++count[SlotOfRow(table, id, kSlots)];
    // 1000 each expected, standard deviation 31: five of them.
    CAPTURE(table);
    CHECK(*std::min_element(count.begin(), count.end()) > 1000 - 160);
    CHECK(*std::max_element(count.begin(), count.end()) < 1000 + 160);
  }
}

TEST_CASE("The most frequent ids, the first few, do not all land on one of two servers") {
  int even = 0;
  for (uint64_t id = 0; id < 16; ++id) even += SlotOfRow(0, id, 64) % 2 == 0;
  CHECK(even >= 4);
  CHECK(even <= 12);
}

TEST_CASE("A slot's number is below the number of slots") {
  for (const uint32_t slots : {1u, 2u, 3u, 65536u}) {
    for (uint64_t id = 0; id < 1000; ++id) {
      REQUIRE(SlotOfRow(2, id * 0x123456789, slots) < slots);
      REQUIRE(SlotOfChunk(2, static_cast<uint32_t>(id), slots) < slots);
    }
  }
}

TEST_CASE("A dense table's chunks hold its floats, each once") {
  for (const auto& [rows, columns] : std::vector<std::pair<uint64_t, uint32_t>>{
           {1, 1}, {1, 16383}, {1, 16384}, {1, 16385}, {128, 128}, {128, 512}, {1000, 333}}) {
    const v1::TableSpec spec = Dense(rows, columns);
    CAPTURE(rows, columns);
    uint64_t floats = 0;
    for (uint32_t chunk = 0; chunk < DenseChunks(spec); ++chunk) {
      CHECK(ChunkFloats(spec, chunk) > 0);
      CHECK(ChunkFloats(spec, chunk) <= kChunkFloats);
      if (chunk + 1 < DenseChunks(spec)) CHECK(ChunkFloats(spec, chunk) == kChunkFloats);
      floats += ChunkFloats(spec, chunk);
    }
    CHECK(floats == DenseFloats(spec));
    CHECK(floats == rows * columns);
  }
}

TEST_CASE("Where rows and dense chunks lie apart, dense chunks are in the second half of the slots") {
  v1::Layout layout;
  for (int slot = 0; slot < 128; ++slot) layout.add_slot_owner(0);
  const SlotSpace together = SlotSpaceOf(layout);
  layout.set_dense_from(64);
  const SlotSpace apart = SlotSpaceOf(layout);
  CHECK(together.of_each_kind() == 128);
  CHECK(together.OfRow(3, 17) == SlotOfRow(3, 17, 128));
  CHECK(together.OfChunk(3, 130) == SlotOfChunk(3, 130, 128));
  CHECK(together.HoldsRows(127));
  CHECK(apart.of_each_kind() == 64);
  for (uint32_t number = 0; number < 200; ++number) {
    CHECK(apart.OfRow(3, number) == SlotOfRow(3, number, 64));
    CHECK(apart.OfChunk(3, number) == 64 + SlotOfChunk(3, number, 64));
    // What a checkpoint calls the slot does not depend on it.
    CHECK(apart.InCheckpoint(apart.OfRow(3, number)) == SlotOfRow(3, number, 64));
    CHECK(apart.InCheckpoint(apart.OfChunk(3, number)) == SlotOfChunk(3, number, 64));
  }
  CHECK(apart.HoldsRows(63));
  CHECK_FALSE(apart.HoldsRows(64));
}

}  // namespace
}  // namespace pumasi
