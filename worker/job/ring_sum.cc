#include "worker/job/ring_sum.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/layout/slots.h"
#include "ops/tree/part_tree.h"

namespace pumasi {
namespace {

// What members tell each other before and after a batch.
struct Header {
  uint64_t version = 0;
  uint64_t phase = 0;  // 0: to sum it, 1: has its sum, which nobody has applied yet
  uint64_t rows = 0;
  uint64_t rates = 0;
};

// More changes of the rate than any schedule makes.
constexpr uint64_t kMostRates = 1 << 20;

struct WireRate {
  uint64_t from_step;
  double factor;
};

std::string BytesOf(const Header& header) {
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  return bytes;
}

// All members', by rank. Internal: they are not where this one is.
absl::StatusOr<std::vector<Header>> Exchange(const Header& mine, absl::Duration timeout, GlooRing& ring) {
  auto all = ring.Exchange(BytesOf(mine), timeout);
  if (!all.ok()) return all.status();
  std::vector<Header> headers;
  for (const std::string& bytes : *all) {
    Header header;
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.version != mine.version || header.phase != mine.phase) {
      return absl::InternalError(
          absl::StrCat("one member is at batch ", mine.version, ", another one at batch ", header.version));
    }
    headers.push_back(header);
  }
  return headers;
}

std::vector<uint32_t> WidthsOf(const RingShape& shape) {
  std::vector<uint32_t> widths;
  for (const v1::TableSpec& table : shape.tables) widths.push_back(table.columns());
  return widths;
}

int RowTableOf(const RingShape& shape) {
  for (size_t table = 0; table < shape.tables.size(); ++table) {
    if (shape.tables[table].kind() == v1::TableSpec::ROWS) return static_cast<int>(table);
  }
  return -1;
}

// Dense tensors, one after another; where there is no gradient, zeros. After them, if wanted, the whole table of rows.
std::vector<float> Flatten(const RingShape& shape, const Gradient& gradient, int row_table) {
  std::vector<float> flat;
  for (size_t table = 0; table < shape.tables.size(); ++table) {
    if (static_cast<int>(table) == row_table) continue;
    const std::vector<float>& dense = gradient.dense[table];
    const size_t floats = DenseFloats(shape.tables[table]);
    flat.insert(flat.end(), dense.begin(), dense.end());
    flat.resize(flat.size() + floats - dense.size());
  }
  if (row_table >= 0 && shape.dense_rows) {
    const v1::TableSpec& spec = shape.tables[row_table];
    const size_t first = flat.size(), width = spec.columns();
    flat.resize(first + spec.rows() * width);
    const RowGradient& rows = gradient.rows[row_table];
    for (size_t row = 0; row < rows.ids.size(); ++row) {
      std::copy_n(rows.values.data() + row * width, width, flat.data() + first + rows.ids[row] * width);
    }
  }
  return flat;
}

void Unflatten(const RingShape& shape, const std::vector<float>& flat, int row_table, Gradient* gradient) {
  auto from = flat.begin();
  for (size_t table = 0; table < shape.tables.size(); ++table) {
    if (static_cast<int>(table) == row_table) continue;
    const auto floats = static_cast<std::ptrdiff_t>(DenseFloats(shape.tables[table]));
    gradient->dense[table].assign(from, from + floats);
    from += floats;
  }
  if (row_table < 0 || !shape.dense_rows) return;
  // Rows of zeros alone change nothing that the optimizer would not make up for when they are read.
  const std::ptrdiff_t width = shape.tables[row_table].columns();
  RowGradient& rows = gradient->rows[row_table];
  for (uint64_t id = 0; from != flat.end(); ++id, from += width) {
    if (std::all_of(from, from + width, [](float value) { return value == 0; })) continue;
    rows.ids.push_back(id);
    rows.values.insert(rows.values.end(), from, from + width);
  }
}

// A member's rows and rates as bytes.
std::string Pack(const RowGradient& rows, const std::vector<v1::RateChange>& rates) {
  const size_t ids = rows.ids.size() * sizeof(uint64_t), values = rows.values.size() * sizeof(float);
  std::string bytes(ids + values + rates.size() * sizeof(WireRate), '\0');
  std::memcpy(bytes.data(), rows.ids.data(), ids);
  std::memcpy(bytes.data() + ids, rows.values.data(), values);
  char* out = bytes.data() + ids + values;
  for (const v1::RateChange& rate : rates) {
    const WireRate wire = {rate.from_step(), rate.factor()};
    std::memcpy(out, &wire, sizeof wire);
    out += sizeof wire;
  }
  return bytes;
}

size_t PackedBytes(const Header& header, size_t width) {
  return header.rows * (sizeof(uint64_t) + width * sizeof(float)) + header.rates * sizeof(WireRate);
}

void Unpack(const std::string& bytes, const Header& header, size_t width, RowGradient* rows,
            std::vector<v1::RateChange>* rates) {
  rows->ids.resize(header.rows);
  rows->values.resize(header.rows * width);
  const size_t ids = header.rows * sizeof(uint64_t), values = rows->values.size() * sizeof(float);
  std::memcpy(rows->ids.data(), bytes.data(), ids);
  std::memcpy(rows->values.data(), bytes.data() + ids, values);
  rates->clear();
  for (uint64_t i = 0; i < header.rates; ++i) {
    WireRate wire;
    std::memcpy(&wire, bytes.data() + ids + values + i * sizeof wire, sizeof wire);
    v1::RateChange& rate = rates->emplace_back();
    rate.set_from_step(wire.from_step);
    rate.set_factor(wire.factor);
  }
}

}  // namespace

std::shared_ptr<const Gradient> SumOfUnits(const RingShape& shape, const std::vector<const RingUnit*>& units) {
  if (units.size() == 1) return units[0]->gradient;
  const std::vector<uint32_t> widths = WidthsOf(shape);
  PartTree tree(shape.parts, widths);
  for (const RingUnit* unit : units) tree.Insert(unit->parts, Gradient(*unit->gradient));
  auto sum = std::make_shared<Gradient>();
  sum->rows.resize(shape.tables.size());
  sum->dense.resize(shape.tables.size());
  if (tree.Complete()) {
    *sum = tree.Take();
  } else {
    for (const auto& [first, node] : tree.nodes()) Add(*sum, Gradient(node.second), widths);
  }
  return sum;
}

absl::StatusOr<RingBatch> SumOverRing(const RingShape& shape, uint64_t version,
                                      const std::vector<const RingUnit*>& units, absl::Duration patience,
                                      absl::Duration timeout, GlooRing& ring) {
  RingBatch batch;
  const std::shared_ptr<const Gradient> mine = SumOfUnits(shape, units);
  if (!units.empty()) batch.rate_changes = units[0]->rate_changes;
  const int row_table = RowTableOf(shape);
  const bool gathers = row_table >= 0 && !shape.dense_rows;
  const size_t width = row_table < 0 ? 0 : shape.tables[row_table].columns();
  const RowGradient none;
  const RowGradient& rows = gathers ? mine->rows[row_table] : none;
  auto headers = Exchange({version, 0, rows.ids.size(), batch.rate_changes.size()}, patience, ring);
  if (!headers.ok()) return headers.status();
  if (headers->size() == 1) {
    batch.gradient = mine;
    return batch;
  }
  for (const Header& header : *headers) {
    if (header.rows > (row_table < 0 ? 0 : shape.tables[row_table].rows()) || header.rates > kMostRates) {
      return absl::InternalError("a member tells of more rows than there are");
    }
  }
  auto sum = std::make_shared<Gradient>();
  sum->rows.resize(shape.tables.size());
  sum->dense.resize(shape.tables.size());
  std::vector<float> flat = Flatten(shape, *mine, row_table);
  if (absl::Status status = ring.Sum(flat.data(), flat.size(), timeout); !status.ok()) return status;
  Unflatten(shape, flat, row_table, sum.get());
  std::vector<size_t> sizes;
  for (const Header& header : *headers) sizes.push_back(PackedBytes(header, width));
  auto packed = ring.Gather(Pack(rows, batch.rate_changes), sizes, timeout);
  if (!packed.ok()) return packed.status();
  const std::vector<uint32_t> widths = WidthsOf(shape);
  Gradient merged;
  merged.rows.resize(shape.tables.size());
  merged.dense.resize(shape.tables.size());
  bool told = false;
  for (size_t rank = 0; rank < packed->size(); ++rank) {
    Gradient one = {std::vector<RowGradient>(shape.tables.size()),
                    std::vector<std::vector<float>>(shape.tables.size())};
    RowGradient theirs;
    std::vector<v1::RateChange> rates;
    Unpack((*packed)[rank], (*headers)[rank], width, &theirs, &rates);
    // The first by rank for all members, their own included: should two ever differ, copies would not.
    if (!told && !rates.empty()) {
      batch.rate_changes = std::move(rates);
      told = true;
    }
    if (!gathers || theirs.ids.empty()) continue;
    one.rows[row_table] = std::move(theirs);
    Add(merged, std::move(one), widths);
  }
  if (gathers) sum->rows[row_table] = std::move(merged.rows[row_table]);
  batch.gradient = std::move(sum);
  return batch;
}

absl::Status MeetAfter(uint64_t version, absl::Duration timeout, GlooRing& ring) {
  return Exchange({version, 1, 0, 0}, timeout, ring).status();
}

}  // namespace pumasi
