#include "server/parameter_shape.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/initializer.h"

namespace pumasi {
namespace {

absl::Status CheckTable(const v1::TableSpec& spec) {
  if (spec.columns() == 0) return absl::InvalidArgumentError(absl::StrCat(spec.name(), " has no columns"));
  if (absl::Status status = CheckInitializer(spec); !status.ok()) return status;
  if (spec.kind() != v1::TableSpec::ROWS) return absl::OkStatus();
  if (spec.update() != v1::TableSpec::OPTIMIZER) {
    return absl::InvalidArgumentError(absl::StrCat("rows of ", spec.name(), " cannot be a statistic"));
  }
  if (!IsRowLocal(spec.initializer())) {
    return absl::InvalidArgumentError(absl::StrCat("rows of ", spec.name(), " cannot be made one by one"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ParameterShape> ParameterShape::Make(std::vector<v1::TableSpec> tables, uint32_t slots,
                                                    uint32_t dense_from) {
  if (slots == 0) return absl::InvalidArgumentError("layout without slots");
  if (dense_from > 0 && 2 * uint64_t{dense_from} != slots) {
    return absl::InvalidArgumentError(
        absl::StrCat("layout of ", slots, " slots with dense chunks from slot ", dense_from, " on: not half of them"));
  }
  ParameterShape shape;
  shape.space = {slots, dense_from};
  shape.chunks.resize(slots);
  for (uint32_t table = 0; table < tables.size(); ++table) {
    const v1::TableSpec& spec = tables[table];
    if (absl::Status status = CheckTable(spec); !status.ok()) return status;
    shape.widths.push_back(spec.columns());
    if (spec.kind() == v1::TableSpec::ROWS) continue;
    for (uint32_t chunk = 0; chunk < DenseChunks(spec); ++chunk) {
      shape.chunks[shape.space.OfChunk(table, chunk)].push_back(
          {table, chunk, static_cast<uint32_t>(ChunkFloats(spec, chunk))});
    }
  }
  shape.tables = std::move(tables);
  return shape;
}

int ParameterShape::Find(uint32_t slot, uint32_t table, uint32_t chunk) const {
  const auto& mine = chunks[slot];
  const auto at = std::lower_bound(mine.begin(), mine.end(), std::pair(table, chunk),
                                   [](const Chunk& c, auto key) { return std::pair(c.table, c.chunk) < key; });
  return at != mine.end() && at->table == table && at->chunk == chunk ? static_cast<int>(at - mine.begin()) : -1;
}

}  // namespace pumasi
