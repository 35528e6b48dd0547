#include "server/gradient_message.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/layout/slots.h"

namespace pumasi {
namespace {

absl::Status Malformed(const std::string& what) { return absl::InvalidArgumentError(what); }

// Copies checked bytes out as floats: protobuf gives no alignment.
absl::StatusOr<std::vector<float>> Floats(const std::string& bytes, uint64_t floats, uint32_t crc,
                                          const std::string& what) {
  if (bytes.size() != floats * sizeof(float)) {
    return Malformed(absl::StrCat(what, ": ", bytes.size(), " bytes of values, expected ", floats * sizeof(float)));
  }
  if (Crc32c(bytes.data(), bytes.size()) != crc)
    return absl::DataLossError(absl::StrCat(what, ": checksum does not fit"));
  std::vector<float> values(floats);
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

}  // namespace

int ShardShape::Find(uint32_t table, uint32_t chunk) const {
  const auto at = std::lower_bound(chunks.begin(), chunks.end(), std::pair(table, chunk),
                                   [](const Chunk& c, auto key) { return std::pair(c.table, c.chunk) < key; });
  return at != chunks.end() && at->table == table && at->chunk == chunk ? static_cast<int>(at - chunks.begin()) : -1;
}

absl::StatusOr<std::vector<uint64_t>> DecodeKeys(const v1::RowKeys& keys, const ShardShape& shape) {
  if (keys.table() >= shape.tables.size() || shape.tables[keys.table()].kind() != v1::TableSpec::ROWS) {
    return Malformed(absl::StrCat("table ", keys.table(), " is no row table of this job"));
  }
  const v1::TableSpec& table = shape.tables[keys.table()];
  std::vector<uint64_t> ids;
  ids.reserve(keys.deltas_size());
  uint64_t id = 0;
  for (uint64_t delta : keys.deltas()) {
    if (delta >= table.rows() - id || (delta == 0 && !ids.empty())) {
      return Malformed(
          absl::StrCat("ids of ", table.name(), " do not ascend, or pass its ", table.rows(), " rows, after ", id));
    }
    id += delta;
    if (!shape.slot_is_ours[SlotOfRow(keys.table(), id, shape.slots())]) {
      return Malformed(absl::StrCat("row ", id, " of ", table.name(), " belongs to another server"));
    }
    ids.push_back(id);
  }
  return ids;
}

absl::StatusOr<Gradient> ParseGradient(const v1::PushRequest& push, const ShardShape& shape) {
  Gradient gradient;
  gradient.rows.resize(shape.tables.size());
  gradient.dense.resize(shape.chunks.size());
  if (push.keys_size() != push.values_size()) return Malformed("as many key lists as value lists are needed");
  for (int i = 0; i < push.keys_size(); ++i) {
    auto ids = DecodeKeys(push.keys(i), shape);
    if (!ids.ok()) return ids.status();
    const v1::TableSpec& table = shape.tables[push.keys(i).table()];
    const v1::RowValues& rows = push.values(i);
    if (rows.table() != push.keys(i).table() || rows.rows() != ids->size() || rows.width() != table.columns()) {
      return Malformed(absl::StrCat("gradients of ", table.name(), ": ", rows.rows(), " x ", rows.width(),
                                    ", expected ", ids->size(), " x ", table.columns()));
    }
    RowGradient& out = gradient.rows[rows.table()];
    if (!out.ids.empty()) return Malformed(absl::StrCat("gradients of ", table.name(), " are there twice"));
    auto values = Floats(rows.values(), ids->size() * table.columns(), rows.crc32c(), table.name());
    if (!values.ok()) return values.status();
    if (!AllFinite(values->data(), values->size())) {
      const auto bad = std::find_if(values->begin(), values->end(), [](float x) { return !std::isfinite(x); });
      return absl::FailedPreconditionError(absl::StrCat("the gradient of row ",
                                                        (*ids)[(bad - values->begin()) / table.columns()], " of ",
                                                        table.name(), " is ", *bad));
    }
    out.ids = *std::move(ids);
    out.values = *std::move(values);
  }
  for (const v1::DenseChunk& chunk : push.dense()) {
    const int at = shape.Find(chunk.table(), chunk.chunk());
    if (at < 0)
      return Malformed(absl::StrCat("chunk ", chunk.chunk(), " of table ", chunk.table(), " is not on this server"));
    const std::string& name = shape.tables[chunk.table()].name();
    if (!gradient.dense[at].empty())
      return Malformed(absl::StrCat("chunk ", chunk.chunk(), " of ", name, " is there twice"));
    auto values = Floats(chunk.values(), shape.chunks[at].floats, chunk.crc32c(), name);
    if (!values.ok()) return values.status();
    if (!AllFinite(values->data(), values->size())) {
      return absl::FailedPreconditionError(absl::StrCat("the gradient of ", name, " is NaN or infinite"));
    }
    gradient.dense[at] = *std::move(values);
  }
  return gradient;
}

v1::ErrorDetail::Reason MessageProblem(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kDataLoss:
      return v1::ErrorDetail::CORRUPT;
    case absl::StatusCode::kFailedPrecondition:
      return v1::ErrorDetail::NOT_FINITE;
    default:
      return v1::ErrorDetail::MALFORMED;
  }
}

}  // namespace pumasi
