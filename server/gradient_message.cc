#include "server/gradient_message.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "ops/wire/dense_coding.h"
#include "ops/wire/value_codec.h"

namespace pumasi {
namespace {

absl::Status Malformed(const std::string& what) { return absl::InvalidArgumentError(what); }

absl::Status NoExponent(const std::string& what) {
  return Malformed(absl::StrCat(what, ": a block's exponent is out of bounds (wire: fp16)"));
}

absl::Status CheckSum(const ByteView& bytes, uint32_t crc, const std::string& what) {
  if (Crc32c(bytes) != crc) return absl::DataLossError(absl::StrCat(what, ": checksum does not fit"));
  return absl::OkStatus();
}

// Of so many blocks of `count` values each.
absl::Status CheckBytes(const ByteView& bytes, Precision wire, uint64_t blocks, uint64_t count, uint32_t crc,
                        const std::string& what) {
  const uint64_t wanted = ValueBytes(wire, blocks, count);
  if (bytes.size() != wanted) {
    return Malformed(
        absl::StrCat(what, ": ", bytes.size(), " bytes of values, expected ", wanted, " (wire: ", WireName(wire), ")"));
  }
  return CheckSum(bytes, crc, what);
}

absl::Status NotFinite(const Keys& keys, const ByteView& bytes, Precision wire, const v1::TableSpec& table) {
  std::vector<float> row(table.columns());
  ValueReader reader(wire, bytes);
  for (size_t i = 0; i < keys.ids.size(); ++i) {
    reader.Read(row.data(), row.size());
    const auto bad = std::find_if(row.begin(), row.end(), [](float x) { return !std::isfinite(x); });
    if (bad == row.end()) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("the gradient of row ", keys.ids[i], " of ", table.name(), " is ", *bad));
  }
  // (The sender may have changed them meanwhile, in memory that it shares.)
  return absl::FailedPreconditionError(absl::StrCat("a gradient of ", table.name(), " is NaN or infinite"));
}

// Deals the rows out to their slots' gradients. `next`: scratch, by slot.
absl::Status TakeRows(const v1::RowKeys& keys, const v1::RowValues& rows, const ByteView& values,
                      const ParameterShape& shape, const std::vector<SlotUse>& uses, std::vector<uint32_t>& next,
                      std::vector<Gradient>& gradients) {
  auto decoded = DecodeKeys(keys, shape, uses);
  if (!decoded.ok()) return decoded.status();
  const v1::TableSpec& table = shape.tables[keys.table()];
  const size_t width = table.columns();
  if (rows.table() != keys.table() || rows.rows() != decoded->ids.size() || rows.width() != width) {
    return Malformed(absl::StrCat("gradients of ", table.name(), ": ", rows.rows(), " x ", rows.width(), ", expected ",
                                  decoded->ids.size(), " x ", width));
  }
  absl::Status status = CheckBytes(values, shape.wire, decoded->ids.size(), width, rows.crc32c(), table.name());
  if (!status.ok()) return status;
  next.assign(shape.slots(), 0);
  for (const uint32_t slot : decoded->slots) ++next[slot];
  for (uint32_t slot = 0; slot < shape.slots(); ++slot) {
    if (next[slot] > 0 && uses[slot] == SlotUse::kTaken) {
      RowGradient& out = gradients[slot].rows[keys.table()];
      out.ids.resize(next[slot]);
      out.values.resize(next[slot] * width);
    }
    next[slot] = 0;
  }
  ValueReader reader(shape.wire, values);
  for (size_t i = 0; i < decoded->ids.size(); ++i) {
    const uint32_t slot = decoded->slots[i];
    if (uses[slot] != SlotUse::kTaken) {
      reader.Skip(width);
      continue;
    }
    RowGradient& out = gradients[slot].rows[keys.table()];
    const uint32_t at = next[slot]++;
    out.ids[at] = decoded->ids[i];
    reader.Read(out.values.data() + at * width, width);
  }
  if (!reader.ok()) return NoExponent(table.name());
  for (uint32_t slot = 0; slot < shape.slots(); ++slot) {
    if (uses[slot] != SlotUse::kTaken) continue;
    const std::vector<float>& taken = gradients[slot].rows[keys.table()].values;
    if (!AllFinite(taken.data(), taken.size())) return NotFinite(*decoded, values, shape.wire, table);
  }
  return absl::OkStatus();
}

// A chunk that travels in the job's coding.
absl::Status Decode(const ByteView& bytes, const ParameterShape& shape, uint32_t crc, const std::string& name,
                    std::vector<float>* values) {
  if (absl::Status status = CheckSum(bytes, crc, name); !status.ok()) return status;
  absl::Status status = DecodeDense(shape.coding, bytes, values->size(), values->data());
  if (status.ok() || !absl::IsInvalidArgument(status)) return status;
  return Malformed(absl::StrCat(name, ": ", status.message(), " (wire: ", CodingName(shape.coding.kind), ")"));
}

absl::Status TakeChunk(const v1::DenseChunk& chunk, const ByteView& values, const ParameterShape& shape,
                       const std::vector<SlotUse>& uses, std::vector<Gradient>& gradients) {
  const uint32_t slot = shape.space.OfChunk(chunk.table(), chunk.chunk());
  const int at = shape.Find(slot, chunk.table(), chunk.chunk());
  if (at < 0 || uses[slot] == SlotUse::kForeign) {
    return Malformed(absl::StrCat("chunk ", chunk.chunk(), " of table ", chunk.table(), " is not on this server"));
  }
  const std::string& name = shape.tables[chunk.table()].name();
  const uint32_t floats = shape.chunks[slot][at].floats;
  const bool coded = IsCoded(shape.coding, shape.tables[chunk.table()]);
  std::vector<float> got;
  bool finite = true;
  if (coded) {
    got.resize(floats);
    const absl::Status status = Decode(values, shape, chunk.crc32c(), name, &got);
    finite = !absl::IsFailedPrecondition(status);
    if (!status.ok() && finite) return status;
  } else if (absl::Status status = CheckBytes(values, shape.wire, 1, floats, chunk.crc32c(), name); !status.ok()) {
    return status;
  }
  if (uses[slot] != SlotUse::kTaken) return absl::OkStatus();
  std::vector<float>& out = gradients[slot].dense[at];
  if (!out.empty()) return Malformed(absl::StrCat("chunk ", chunk.chunk(), " of ", name, " is there twice"));
  if (!coded) {
    got.resize(floats);
    ValueReader reader(shape.wire, values);
    reader.Read(got.data(), floats);
    if (!reader.ok()) return NoExponent(name);
    finite = AllFinite(got.data(), got.size());
  }
  out = std::move(got);
  if (finite) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("the gradient of ", name, " is NaN or infinite"));
}

}  // namespace

absl::StatusOr<Keys> DecodeKeys(const v1::RowKeys& keys, const ParameterShape& shape,
                                const std::vector<SlotUse>& uses) {
  if (!shape.IsRows(keys.table())) {
    return Malformed(absl::StrCat("table ", keys.table(), " is no row table of this job"));
  }
  const v1::TableSpec& table = shape.tables[keys.table()];
  Keys out;
  out.ids.reserve(keys.deltas_size());
  out.slots.reserve(keys.deltas_size());
  uint64_t id = 0;
  for (const uint64_t delta : keys.deltas()) {
    if (delta >= table.rows() - id || (delta == 0 && !out.ids.empty())) {
      return Malformed(
          absl::StrCat("ids of ", table.name(), " do not ascend, or pass its ", table.rows(), " rows, after ", id));
    }
    id += delta;
    const uint32_t slot = shape.space.OfRow(keys.table(), id);
    if (uses[slot] == SlotUse::kForeign) {
      return Malformed(absl::StrCat("row ", id, " of ", table.name(), " belongs to another server"));
    }
    out.ids.push_back(id);
    out.slots.push_back(slot);
  }
  return out;
}

absl::StatusOr<std::vector<Gradient>> ParseGradient(const v1::PushRequest& push, const ArrivedValues& values,
                                                    const ParameterShape& shape, const std::vector<SlotUse>& uses) {
  std::vector<Gradient> gradients(shape.slots());
  for (uint32_t slot = 0; slot < shape.slots(); ++slot) {
    if (uses[slot] != SlotUse::kTaken) continue;
    gradients[slot].rows.resize(shape.tables.size());
    gradients[slot].dense.resize(shape.chunks[slot].size());
  }
  if (push.keys_size() != push.values_size()) return Malformed("as many key lists as value lists are needed");
  std::vector<uint32_t> next;
  std::vector<bool> seen(shape.tables.size());
  for (int i = 0; i < push.keys_size(); ++i) {
    const uint32_t table = push.keys(i).table();
    if (table < seen.size() && seen[table]) {
      return Malformed(absl::StrCat("gradients of ", shape.tables[table].name(), " are there twice"));
    }
    absl::Status status = TakeRows(push.keys(i), push.values(i), values.rows[i], shape, uses, next, gradients);
    if (!status.ok()) return status;
    seen[table] = true;
  }
  for (int i = 0; i < push.dense_size(); ++i) {
    absl::Status status = TakeChunk(push.dense(i), values.dense[i], shape, uses, gradients);
    if (!status.ok()) return status;
  }
  return gradients;
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
