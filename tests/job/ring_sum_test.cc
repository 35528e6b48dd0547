#include "worker/job/ring_sum.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <random>

#include "ops/tree/part_tree.h"
#include "tests/collective/gloo_members.h"
#include "worker/job/ring_difference.h"

namespace pumasi {
namespace {

constexpr uint32_t kParts = 6;
constexpr absl::Duration kLong = absl::Seconds(20);

RingShape Shape(bool dense_rows) {
  RingShape shape;
  shape.parts = kParts;
  shape.dense_rows = dense_rows;
  for (const bool rows : {false, true, false}) {
    v1::TableSpec& table = shape.tables.emplace_back();
    table.set_kind(rows ? v1::TableSpec::ROWS : v1::TableSpec::DENSE);
    table.set_rows(rows ? 40 : 7);
    table.set_columns(rows ? 3 : 5);
  }
  return shape;
}

// Of one part; the last one has no rows.
Gradient PartGradient(uint32_t part) {
  std::minstd_rand random(part + 1);
  const auto value = [&] {
    return std::ldexp(static_cast<float>(random() % 1000) - 500, static_cast<int>(random() % 9));
  };
  Gradient gradient = {std::vector<RowGradient>(3), std::vector<std::vector<float>>(3)};
  if (part == kParts - 1) return gradient;
  for (const size_t table : {0, 2}) {
    for (int i = 0; i < 35; ++i) gradient.dense[table].push_back(value());
  }
  for (uint64_t id = part; id < 40; id += 1 + random() % 5) {
    gradient.rows[1].ids.push_back(id);
    for (int i = 0; i < 3; ++i) gradient.rows[1].values.push_back(value());
  }
  return gradient;
}

RingUnit UnitOf(PartRange parts) {
  PartTree tree(kParts, {5, 3, 5});
  for (uint32_t part = parts.first; part < parts.end; ++part) tree.Insert({part, part + 1}, PartGradient(part));
  RingUnit unit;
  unit.parts = parts;
  unit.version = 4;
  unit.rate_changes.emplace_back().set_from_step(9);
  unit.gradient = std::make_shared<const Gradient>(tree.Take());
  return unit;
}

// The units of a share, each as large as it may be.
std::vector<RingUnit> UnitsOf(PartRange share) {
  std::vector<RingUnit> units;
  for (uint32_t part = share.first; part < share.end; part = units.back().parts.end) {
    units.push_back(UnitOf(LargestNode(part, share.end, kParts, kParts)));
  }
  return units;
}

std::vector<const RingUnit*> Pointers(const std::vector<RingUnit>& units) {
  std::vector<const RingUnit*> pointers;
  for (const RingUnit& unit : units) pointers.push_back(&unit);
  return pointers;
}

void CheckClose(const std::vector<float>& left, const std::vector<float>& right) {
  REQUIRE(left.size() == right.size());
  for (size_t i = 0; i < left.size(); ++i) CHECK(std::abs(left[i] - right[i]) <= 0.05f);
}

TEST_CASE("All parts at one member make exactly the tree's sum") {
  const auto sum = SumOfUnits(Shape(false), Pointers(UnitsOf({0, kParts})));
  const Gradient tree = *UnitOf({0, kParts}).gradient;
  CHECK(sum->dense == tree.dense);
  CHECK(sum->rows[1].ids == tree.rows[1].ids);
  CHECK(sum->rows[1].values == tree.rows[1].values);
  CHECK(SumOfUnits(Shape(false), {})->dense.size() == 3);
}

TEST_CASE("Members come to one sum, close to the tree's, also those that have no part of it") {
  const Gradient tree = *UnitOf({0, kParts}).gradient;
  for (const bool dense_rows : {false, true}) {
    for (const size_t size : {1, 2, 3, 4}) {
      CAPTURE(dense_rows, size);
      const RingShape shape = Shape(dense_rows);
      std::vector<RingBatch> sums(size);
      // The last member of four has nothing.
      const size_t sharers = std::min<size_t>(size, 3);
      GlooMembers(size).Run([&](size_t rank, GlooRing& ring) {
        std::vector<RingUnit> units;
        if (rank < sharers) {
          units = UnitsOf(
              {static_cast<uint32_t>(rank * kParts / sharers), static_cast<uint32_t>((rank + 1) * kParts / sharers)});
        }
        auto sum = SumOverRing(shape, 4, Pointers(units), kLong, kLong, ring);
        if (sum.ok()) sums[rank] = *std::move(sum);
        CHECK(MeetAfter(4, kLong, ring).ok());
      });
      for (const RingBatch& batch : sums) {
        REQUIRE(batch.gradient != nullptr);
        CHECK(batch.gradient->dense == sums[0].gradient->dense);
        CHECK(batch.gradient->rows[1].values == sums[0].gradient->rows[1].values);
        CHECK(batch.gradient->rows[1].ids == tree.rows[1].ids);
        REQUIRE(batch.rate_changes.size() == 1);
        CHECK(batch.rate_changes[0].from_step() == 9);
      }
      CheckClose(sums[0].gradient->rows[1].values, tree.rows[1].values);
      CheckClose(sums[0].gradient->dense[0], tree.dense[0]);
      CheckClose(sums[0].gradient->dense[2], tree.dense[2]);
    }
  }
}

double Largest(const std::vector<float>& tensor) {
  double largest = 0;
  for (const float value : tensor) largest = std::max(largest, std::abs(double{value}));
  return largest;
}

TEST_CASE("What differs from the tree's sum is counted, the same at all members") {
  const Gradient tree = *UnitOf({0, kParts}).gradient;
  const RingShape shape = Shape(false);
  std::vector<v1::RingDifference> exact(3), changed(3);
  GlooMembers(3).Run([&](size_t rank, GlooRing& ring) {
    const uint32_t part = static_cast<uint32_t>(rank) * 2;
    const std::vector<RingUnit> units = UnitsOf({part, part + 2});
    Gradient other = tree;
    other.dense[0][3] *= 1.5f;
    other.dense[2][7] *= 0.75f;
    auto first = CompareWithTree(shape, Pointers(units), tree, kLong, ring);
    auto second = CompareWithTree(shape, Pointers(units), other, kLong, ring);
    if (!first.ok() || !second.ok()) return;
    exact[rank] = *first;
    changed[rank] = *second;
    // One does not give all that it has.
    CHECK(absl::IsInternal(CompareWithTree(shape, {}, tree, kLong, ring).status()));
  });
  for (size_t rank = 0; rank < 3; ++rank) {
    CHECK(exact[rank].sums() == 70);
    CHECK(exact[rank].differ() == 0);
    CHECK(changed[rank].sums() == 70);
    CHECK(changed[rank].differ() == 2);
    CHECK(changed[rank].largest() == Approx(std::max(0.5 * std::abs(tree.dense[0][3]) / Largest(tree.dense[0]),
                                                     0.25 * std::abs(tree.dense[2][7]) / Largest(tree.dense[2]))));
  }
  v1::RingDifference sum = exact[0];
  AddDifference(changed[0], &sum);
  AddDifference(exact[0], &sum);
  CHECK(sum.sums() == 210);
  CHECK(sum.differ() == 2);
  CHECK(sum.largest() == changed[0].largest());
  CHECK(MeasuresDifference(9));
  CHECK_FALSE(MeasuresDifference(10));
  CHECK(MeasuresDifference(300));
}

TEST_CASE("Members at different batches do not sum") {
  std::vector<absl::Status> statuses(2);
  GlooMembers(2).Run([&](size_t rank, GlooRing& ring) {
    statuses[rank] = SumOverRing(Shape(false), 4 + rank, {}, kLong, kLong, ring).status();
  });
  CHECK(absl::IsInternal(statuses[0]));
  CHECK(statuses[0].message() == "one member is at batch 4, another one at batch 5");
}

}  // namespace
}  // namespace pumasi
