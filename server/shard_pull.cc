// Shard's side of pulls.
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "common/planted_bug.h"
#include "server/shard.h"

namespace pumasi {

absl::Status Shard::Pull(const v1::PullRequest& request, v1::PullResponse* response) const {
  using D = v1::ErrorDetail;
  const uint64_t wanted = request.version();
  response->set_version(LeastVersion().value_or(wanted));
  if (!AllWhole()) return Refuse(D::NOT_READY, absl::StrCat("waits for ", WaitingFor()));
  const Slot* late = nullptr;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (slots_[slot] == nullptr) continue;
    if (roles_[slot] != SlotRole::kPrimary && Planted(PlantedBug::kBackupDoesNotGate)) continue;
    const uint64_t version = slots_[slot]->version();
    if (wanted > version) return Refuse(D::NOT_READY, absl::StrCat("waits for ", WaitingFor()));
    if (wanted != version && !(wanted + 1 == version && slots_[slot]->has_before())) late = slots_[slot].get();
  }
  if (late != nullptr) {
    return Refuse(D::TOO_LATE, absl::StrCat("the values of version ", wanted, " are gone; now at ", late->version()));
  }
  for (const v1::RowKeys& keys : request.rows()) {
    if (absl::Status status = PullRows(keys, wanted, response->add_rows()); !status.ok()) {
      return Refuse(MessageProblem(status), std::string(status.message()));
    }
  }
  if (request.dense()) PullDense(wanted, response);
  response->set_version(wanted);
  return absl::OkStatus();
}

absl::Status Shard::PullRows(const v1::RowKeys& keys, uint64_t version, v1::RowValues* out) const {
  const auto decoded = DecodeKeys(keys, *shape_, reads_);
  if (!decoded.ok()) return decoded.status();
  const uint32_t width = shape_->widths[keys.table()];
  std::vector<float> fresh(size_t{width} * (optimizers_.copies() - 1));
  optimizers_.job().InitSlots(static_cast<int>(width), fresh.data());
  std::string& statuses = *out->mutable_statuses();
  statuses.reserve(decoded->ids.size());
  // Straight into the message: these are most of its bytes.
  std::string& bytes = *out->mutable_values();
  bytes.resize(decoded->ids.size() * width * sizeof(float));
  float* value = reinterpret_cast<float*>(bytes.data());
  for (size_t i = 0; i < decoded->ids.size(); ++i, value += width) {
    const bool trained =
        slots_[decoded->slots[i]]->ReadRow(keys.table(), decoded->ids[i], version, optimizers_, fresh.data(), value);
    statuses.push_back(static_cast<char>(trained ? v1::ROW_STATUS_TRAINED : v1::ROW_STATUS_INITIAL));
  }
  out->set_table(keys.table());
  out->set_rows(decoded->ids.size());
  out->set_width(width);
  out->set_crc32c(Crc32c(bytes.data(), bytes.size()));
  return absl::OkStatus();
}

void Shard::PullDense(uint64_t version, v1::PullResponse* response) const {
  for (uint32_t table = 0; table < shape_->tables.size(); ++table) {
    if (shape_->IsRows(table)) continue;
    for (uint32_t number = 0; number < DenseChunks(shape_->tables[table]); ++number) {
      const uint32_t slot = SlotOfChunk(table, number, shape_->slots());
      if (roles_[slot] != SlotRole::kPrimary) continue;
      const int at = shape_->Find(slot, table, number);
      v1::DenseChunk* out = response->add_dense();
      out->set_table(table);
      out->set_chunk(number);
      out->set_values(slots_[slot]->ReadDense(at, version), shape_->chunks[slot][at].floats * sizeof(float));
      out->set_crc32c(Crc32c(out->values().data(), out->values().size()));
    }
  }
}

}  // namespace pumasi
