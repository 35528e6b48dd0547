#include "worker/job/ring_difference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

#include "common/layout/slots.h"
#include "ops/tree/part_tree.h"

namespace pumasi {
namespace {

constexpr uint64_t kFirst = 10, kEvery = 100;

// Before a unit's dense values: which parts they are of, and whether there are any.
struct Piece {
  uint32_t first = 0, end = 0;
  uint64_t floats = 0;
};

bool IsDense(const v1::TableSpec& table) { return table.kind() == v1::TableSpec::DENSE; }

std::string Pack(const RingUnit& unit) {
  Piece piece = {unit.parts.first, unit.parts.end, 0};
  for (const std::vector<float>& dense : unit.gradient->dense) piece.floats += dense.size();
  std::string bytes(sizeof piece + piece.floats * sizeof(float), '\0');
  std::memcpy(bytes.data(), &piece, sizeof piece);
  char* out = bytes.data() + sizeof piece;
  for (const std::vector<float>& dense : unit.gradient->dense) {
    std::memcpy(out, dense.data(), dense.size() * sizeof(float));
    out += dense.size() * sizeof(float);
  }
  return bytes;
}

// False: they are none, or overlap.
bool Insert(const RingShape& shape, const std::string& bytes, PartTree* tree) {
  for (size_t at = 0; at + sizeof(Piece) <= bytes.size();) {
    Piece piece;
    std::memcpy(&piece, bytes.data() + at, sizeof piece);
    at += sizeof piece;
    Gradient gradient;
    gradient.rows.resize(shape.tables.size());
    gradient.dense.resize(shape.tables.size());
    for (size_t table = 0; table < shape.tables.size(); ++table) {
      if (piece.floats == 0 || !IsDense(shape.tables[table])) continue;
      const size_t floats = DenseFloats(shape.tables[table]);
      if (at + floats * sizeof(float) > bytes.size()) return false;
      gradient.dense[table].resize(floats);
      std::memcpy(gradient.dense[table].data(), bytes.data() + at, floats * sizeof(float));
      at += floats * sizeof(float);
    }
    const PartRange parts{piece.first, piece.end};
    if (!IsNode(parts, shape.parts) || tree->Covers(parts) != PartTree::Coverage::kNone) return false;
    tree->Insert(parts, std::move(gradient));
  }
  return true;
}

}  // namespace

bool MeasuresDifference(uint64_t version) { return version < kFirst || version % kEvery == 0; }

void AddDifference(const v1::RingDifference& more, v1::RingDifference* sum) {
  sum->set_sums(sum->sums() + more.sums());
  sum->set_differ(sum->differ() + more.differ());
  sum->set_largest(std::max(sum->largest(), more.largest()));
}

absl::StatusOr<v1::RingDifference> CompareWithTree(const RingShape& shape, const std::vector<const RingUnit*>& units,
                                                   const Gradient& sum, absl::Duration timeout, GlooRing& ring) {
  std::string mine;
  for (const RingUnit* unit : units) mine += Pack(*unit);
  const uint64_t length = mine.size();
  auto lengths = ring.Exchange({reinterpret_cast<const char*>(&length), sizeof length}, timeout);
  if (!lengths.ok()) return lengths.status();
  std::vector<size_t> sizes;
  for (const std::string& one : *lengths) {
    uint64_t size;
    std::memcpy(&size, one.data(), sizeof size);
    sizes.push_back(size);
  }
  auto all = ring.Gather(mine, sizes, timeout);
  if (!all.ok()) return all.status();
  std::vector<uint32_t> widths;
  for (const v1::TableSpec& table : shape.tables) widths.push_back(table.columns());
  PartTree tree(shape.parts, widths);
  for (const std::string& bytes : *all) {
    if (!Insert(shape, bytes, &tree)) return absl::InternalError("what members have of a batch overlaps");
  }
  if (!tree.Complete()) return absl::InternalError("what members have of a batch is not all of it");
  const Gradient expected = tree.Take();
  v1::RingDifference difference;
  for (size_t table = 0; table < shape.tables.size(); ++table) {
    const std::vector<float>&tree_sums = expected.dense[table], &sums = sum.dense[table];
    // Where terms nearly cancel each other any difference is large beside their sum, and small beside what it is for.
    double scale = 0;
    for (const float value : tree_sums) {
      if (std::isfinite(value)) scale = std::max(scale, std::abs(double{value}));
    }
    for (size_t i = 0; i < sums.size(); ++i) {
      const double value = tree_sums.empty() ? 0 : tree_sums[i];
      difference.set_sums(difference.sums() + 1);
      if (sums[i] == value) continue;
      difference.set_differ(difference.differ() + 1);
      const double relative = std::abs(sums[i] - value) / scale;
      if (std::isfinite(relative)) difference.set_largest(std::max(difference.largest(), relative));
    }
  }
  return difference;
}

}  // namespace pumasi
