#include "server/shard.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/error_detail.h"
#include "common/layout/slots.h"
#include "ops/initializer.h"
#include "ops/moving_average.h"

namespace pumasi {
namespace {

std::string Bytes(const float* values, size_t floats) {
  return std::string(reinterpret_cast<const char*>(values), floats * sizeof(float));
}

}  // namespace

Shard::Shard(const Options& options)
    : layout_epoch_(options.layout.epoch()),
      memory_limit_(options.memory_limit),
      parts_(options.job.micro_batches()),
      optimizer_settings_(options.job.optimizer()),
      version_(options.first_version) {
  shape_.tables = options.tables;
}

absl::Status Shard::SetRateChanges(RateChanges changes) {
  auto optimizer = MakeOptimizer(optimizer_settings_, changes);
  if (!optimizer.ok()) return optimizer.status();
  optimizer_ = *std::move(optimizer);
  rate_changes_ = std::move(changes);
  averages_.clear();
  for (const v1::TableSpec& spec : shape_.tables) {
    averages_.push_back(spec.update() == v1::TableSpec::MOVING_AVERAGE
                            ? std::make_unique<MovingAverage>(spec.momentum(), optimizer_->slot_names())
                            : nullptr);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<Shard>> Shard::Create(const Options& options) {
  std::unique_ptr<Shard> shard(new Shard(options));
  if (absl::Status status = shard->SetRateChanges(options.rate_changes); !status.ok()) return status;
  const int copies = 1 + shard->optimizer_->slots();
  ShardShape& shape = shard->shape_;
  for (const v1::TableSpec& spec : shape.tables) shape.widths.push_back(spec.columns());
  shard->tree_.emplace(shard->parts_, shape.widths);
  shape.slot_is_ours.resize(options.layout.slot_owner_size());
  for (int slot = 0; slot < options.layout.slot_owner_size(); ++slot) {
    const uint32_t owner = options.layout.slot_owner(slot);
    if (owner >= uint32_t(options.layout.servers_size()))
      return absl::InvalidArgumentError("layout names no such server");
    shape.slot_is_ours[slot] = options.layout.servers(owner).incarnation() == options.incarnation;
  }
  if (shape.slots() == 0) return absl::InvalidArgumentError("layout without slots");
  if (shard->parts_ == 0) return absl::InvalidArgumentError("a batch of 0 parts");
  for (uint32_t table = 0; table < shape.tables.size(); ++table) {
    const v1::TableSpec& spec = shape.tables[table];
    if (spec.columns() == 0) return absl::InvalidArgumentError(absl::StrCat(spec.name(), " has no columns"));
    if (absl::Status status = CheckInitializer(spec); !status.ok()) return status;
    if (spec.kind() == v1::TableSpec::ROWS) {
      if (spec.update() != v1::TableSpec::OPTIMIZER) {
        return absl::InvalidArgumentError(absl::StrCat("rows of ", spec.name(), " cannot be a statistic"));
      }
      if (!IsRowLocal(spec.initializer())) {
        return absl::InvalidArgumentError(absl::StrCat("rows of ", spec.name(), " cannot be made one by one"));
      }
      shard->rows_.push_back(std::make_unique<RowTable>(spec.columns() * copies));
      continue;
    }
    shard->rows_.push_back(nullptr);
    std::vector<float> whole;
    for (uint32_t chunk = 0; chunk < DenseChunks(spec); ++chunk) {
      if (!shape.slot_is_ours[SlotOfChunk(table, chunk, shape.slots())]) continue;
      if (absl::Status status = shard->CheckMemory(ChunkFloats(spec, chunk) * copies * sizeof(float)); !status.ok())
        return status;
      if (whole.empty()) {
        whole.resize(DenseFloats(spec));
        InitialTensor(spec, whole.data());
      }
      const auto floats = static_cast<uint32_t>(ChunkFloats(spec, chunk));
      shape.chunks.push_back({table, chunk, floats});
      shard->dense_.emplace_back(size_t{floats} * copies);
      float* value = shard->dense_.back().data();
      std::memcpy(value, whole.data() + chunk * kChunkFloats, floats * sizeof(float));
      shard->optimizer_of(table).InitSlots(static_cast<int>(floats), value + floats);
    }
  }
  return shard;
}

absl::Status Shard::Refuse(int reason, const std::string& message) const {
  v1::ErrorDetail detail;
  detail.set_reason(static_cast<v1::ErrorDetail::Reason>(reason));
  detail.set_version(version_);
  detail.set_layout_epoch(layout_epoch_);
  if (reason == v1::ErrorDetail::NOT_READY) detail.set_waiting_for(WaitingFor());
  return DetailedError(detail, message);
}

std::string Shard::WaitingFor() const {
  return waits_for_norms() ? absl::StrCat("the gradient's norm over all servers of batch ", version_)
                           : absl::StrCat(tree_->Missing(), " of batch ", version_);
}

absl::Status Shard::Pull(const v1::PullRequest& request, v1::PullResponse* response) const {
  using D = v1::ErrorDetail;
  response->set_version(version_);
  const uint64_t wanted = request.version();
  if (wanted > version_) {
    return Refuse(D::NOT_READY, absl::StrCat("waits for ", WaitingFor()));
  }
  const bool before = wanted + 1 == version_ && before_.valid;
  if (wanted != version_ && !before) {
    return Refuse(D::TOO_LATE, absl::StrCat("the values of version ", wanted, " are gone; now at ", version_));
  }
  for (const v1::RowKeys& keys : request.rows()) {
    if (absl::Status status = PullRows(keys, wanted, response->add_rows()); !status.ok()) {
      return Refuse(MessageProblem(status), std::string(status.message()));
    }
  }
  if (request.dense()) {
    for (size_t i = 0; i < shape_.chunks.size(); ++i) {
      const std::vector<float>& values = before ? before_.dense[i] : dense_[i];
      v1::DenseChunk* chunk = response->add_dense();
      chunk->set_table(shape_.chunks[i].table);
      chunk->set_chunk(shape_.chunks[i].chunk);
      chunk->set_values(Bytes(values.data(), shape_.chunks[i].floats));
      chunk->set_crc32c(Crc32c(chunk->values().data(), chunk->values().size()));
    }
  }
  response->set_version(wanted);
  return absl::OkStatus();
}

absl::Status Shard::PullRows(const v1::RowKeys& keys, uint64_t version, v1::RowValues* out) const {
  auto ids = DecodeKeys(keys, shape_);
  if (!ids.ok()) return ids.status();
  const v1::TableSpec& spec = shape_.tables[keys.table()];
  const int width = static_cast<int>(spec.columns());
  const RowTable& table = *rows_[keys.table()];
  const RowGradient* before = version < version_ ? &before_.rows[keys.table()] : nullptr;
  std::vector<float> values(ids->size() * width), new_slots(size_t{spec.columns()} * optimizer_->slots());
  optimizer_->InitSlots(width, new_slots.data());
  std::string& statuses = *out->mutable_statuses();
  float* value = values.data();
  for (const uint64_t id : *ids) {
    const RowTable::Row* row = table.Find(id);
    statuses.push_back(static_cast<char>(row == nullptr ? v1::ROW_STATUS_INITIAL : v1::ROW_STATUS_TRAINED));
    const auto old = before == nullptr ? std::vector<uint64_t>::const_iterator()
                                       : std::lower_bound(before->ids.begin(), before->ids.end(), id);
    if (before != nullptr && old != before->ids.end() && *old == id) {
      std::memcpy(value, before->values.data() + (old - before->ids.begin()) * width, width * sizeof(float));
    } else if (row == nullptr) {
      InitialRow(spec, id, value);
      optimizer_->Peek(0, version, width, value, new_slots.data(), value);
    } else {
      optimizer_->Peek(row->last_step, version, width, row->state, row->state + width, value);
    }
    value += width;
  }
  out->set_table(keys.table());
  out->set_rows(ids->size());
  out->set_width(width);
  out->set_values(Bytes(values.data(), values.size()));
  out->set_crc32c(Crc32c(out->values().data(), out->values().size()));
  return absl::OkStatus();
}

absl::Status Shard::CheckMemory(uint64_t more) const {
  if (memory_limit_ == 0 || bytes() + more <= memory_limit_) return absl::OkStatus();
  return Refuse(v1::ErrorDetail::OVER_LIMIT,
                absl::StrCat("tables and slots need ", bytes() + more, " bytes at version ", version_,
                             "; memory_limit is ", memory_limit_));
}

uint64_t Shard::NewRowBytes(const Gradient& gradient) const {
  uint64_t bytes = 0;
  for (size_t table = 0; table < rows_.size(); ++table) {
    for (const uint64_t id : gradient.rows[table].ids) {
      if (rows_[table]->Find(id) == nullptr) bytes += rows_[table]->row_bytes();
    }
  }
  return bytes;
}

uint64_t Shard::bytes() const {
  uint64_t bytes = 0;
  for (const auto& table : rows_) bytes += table == nullptr ? 0 : table->bytes();
  for (const auto& chunk : dense_) bytes += chunk.size() * sizeof(float);
  return bytes;
}

}  // namespace pumasi
