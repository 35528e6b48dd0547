#include "server/slot_values.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/layout/slots.h"
#include "server/gradient_message.h"

namespace pumasi {
namespace {

std::string Bytes(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

std::vector<float> Floats(const std::string& bytes) {
  std::vector<float> values(bytes.size() / sizeof(float));
  if (!values.empty()) std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return values;
}

}  // namespace

void WriteValues(const std::vector<RowGradient>& rows, const std::vector<std::vector<float>>& dense,
                 const ParameterShape& shape, uint32_t slot, v1::SlotState::Values* out) {
  for (uint32_t table = 0; table < rows.size(); ++table) {
    if (rows[table].ids.empty()) continue;
    v1::SlotState::Rows* to = out->add_rows();
    to->set_table(table);
    DeltaWriter deltas(to);
    for (const uint64_t id : rows[table].ids) deltas.Add(id);
    to->set_floats(Bytes(rows[table].values));
  }
  for (size_t i = 0; i < dense.size(); ++i) {
    if (dense[i].empty()) continue;
    v1::DenseChunk* to = out->add_dense();
    to->set_table(shape.chunks[slot][i].table);
    to->set_chunk(shape.chunks[slot][i].chunk);
    to->set_values(Bytes(dense[i]));
  }
}

absl::StatusOr<std::vector<uint64_t>> ReadIds(const v1::SlotState::Rows& rows, const ParameterShape& shape,
                                              uint32_t slot, int copies, const std::string& what) {
  v1::RowKeys keys;
  keys.set_table(rows.table());
  *keys.mutable_deltas() = rows.deltas();
  std::vector<SlotUse> uses(shape.slots(), SlotUse::kForeign);
  uses[slot] = SlotUse::kTaken;
  auto decoded = DecodeKeys(keys, shape, uses);
  if (!decoded.ok()) return absl::InvalidArgumentError(absl::StrCat(what, ": ", decoded.status().message()));
  const uint64_t bytes = decoded->ids.size() * shape.widths[rows.table()] * copies * sizeof(float);
  if (rows.floats().size() != bytes) {
    return absl::InvalidArgumentError(absl::StrCat(what, ": ", rows.floats().size(), " bytes of rows of ",
                                                   shape.tables[rows.table()].name(), ", expected ", bytes));
  }
  return std::move(decoded->ids);
}

absl::StatusOr<size_t> ReadPlace(const v1::DenseChunk& chunk, const ParameterShape& shape, uint32_t slot, int copies,
                                 const std::string& what) {
  const int at = shape.Find(slot, chunk.table(), chunk.chunk());
  if (at < 0 || chunk.values().size() != size_t{shape.chunks[slot][at].floats} * copies * sizeof(float)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": chunk ", chunk.chunk(), " of table ", chunk.table(), " does not fit slot ", slot));
  }
  return static_cast<size_t>(at);
}

absl::StatusOr<Gradient> ReadValues(const v1::SlotState::Values& values, const ParameterShape& shape, uint32_t slot,
                                    int copies, const std::string& what) {
  Gradient gradient;
  gradient.rows.resize(shape.tables.size());
  gradient.dense.resize(shape.chunks[slot].size());
  for (const v1::SlotState::Rows& rows : values.rows()) {
    auto ids = ReadIds(rows, shape, slot, copies, what);
    if (!ids.ok()) return ids.status();
    gradient.rows[rows.table()] = {*std::move(ids), Floats(rows.floats())};
  }
  for (const v1::DenseChunk& chunk : values.dense()) {
    const auto at = ReadPlace(chunk, shape, slot, copies, what);
    if (!at.ok()) return at.status();
    gradient.dense[*at] = Floats(chunk.values());
  }
  return gradient;
}

}  // namespace pumasi
