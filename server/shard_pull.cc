// Shard's side of pulls.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "common/planted_bug.h"
#include "ops/wire/value_codec.h"
#include "server/shard.h"

namespace pumasi {

absl::Status Shard::TooLate(uint64_t wanted, const Slot& late) const {
  return Refuse(v1::ErrorDetail::TOO_LATE,
                absl::StrCat("the values of version ", wanted, " are gone; now at ", late.version()));
}

absl::Status Shard::Pull(const v1::PullRequest& request, OutgoingPull* response) const {
  using D = v1::ErrorDetail;
  const uint64_t wanted = request.version();
  if (request.has_lane() && request.lane() >= shape_->lanes) {
    return Refuse(D::MALFORMED, absl::StrCat("lane ", request.lane(), " has no values of its own: the job has ",
                                             shape_->lanes, " lanes that have"));
  }
  response->head.set_version(LeastVersion().value_or(wanted));
  if (!AllWhole()) return Refuse(D::NOT_READY, absl::StrCat("waits for ", WaitingFor()));
  const uint32_t staleness = std::min(request.staleness(), shape_->staleness);
  if (staleness > 0) return PullLatest(request, staleness, response);
  const Slot* late = nullptr;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (slots_[slot] == nullptr) continue;
    if (roles_[slot] != SlotRole::kPrimary && Planted(PlantedBug::kBackupDoesNotGate)) continue;
    const uint64_t version = slots_[slot]->version();
    if (wanted > version) return Refuse(D::NOT_READY, absl::StrCat("waits for ", WaitingFor()));
    if (!slots_[slot]->IsAt(wanted) && !(wanted + 1 == version && slots_[slot]->has_before())) {
      late = slots_[slot].get();
    }
  }
  if (late != nullptr) return TooLate(wanted, *late);
  if (absl::Status status = PullValues(request, wanted, response); !status.ok()) return status;
  response->head.set_version(wanted);
  return absl::OkStatus();
}

absl::Status Shard::PullLatest(const v1::PullRequest& request, uint32_t staleness, OutgoingPull* response) const {
  const uint64_t wanted = request.version();
  uint64_t least = UINT64_MAX, most = 0;
  for (const auto& slot : slots_) {
    if (slot == nullptr) continue;
    if (wanted > slot->version() + std::min(staleness, shape_->StalenessOf(slot->number()))) {
      return Refuse(v1::ErrorDetail::NOT_READY, absl::StrCat("waits for ", WaitingFor()));
    }
    // Parts of the batch before this version were computed when every slot had the batch that is wanted, also those
    // that are in step: before that a part may be computed again for a slot that lacks updates.
    if (slot->version() > wanted + 1 + shape_->staleness) return TooLate(wanted, *slot);
    least = std::min(least, slot->version());
    most = std::max(most, slot->version());
  }
  // With async there is more in them than their versions say.
  const bool even = least == most && !shape_->async;
  return PullValues(request, even ? std::optional<uint64_t>(least) : std::nullopt, response);
}

absl::Status Shard::PullValues(const v1::PullRequest& request, std::optional<uint64_t> version,
                               OutgoingPull* response) const {
  const std::optional<uint32_t> lane = request.has_lane() ? std::optional(request.lane()) : std::nullopt;
  for (const v1::RowKeys& keys : request.rows()) {
    if (absl::Status status = PullRows(keys, version, lane, response); !status.ok()) {
      return Refuse(MessageProblem(status), std::string(status.message()));
    }
  }
  if (request.dense()) PullDense(version, request.version(), lane, response);
  return absl::OkStatus();
}

absl::Status Shard::PullRows(const v1::RowKeys& keys, std::optional<uint64_t> version, std::optional<uint32_t> lane,
                             OutgoingPull* out) const {
  const auto decoded = DecodeKeys(keys, *shape_, reads_);
  if (!decoded.ok()) return decoded.status();
  const uint32_t width = shape_->widths[keys.table()];
  std::vector<float> fresh(size_t{width} * (optimizers_.copies() - 1));
  optimizers_.job().InitSlots(static_cast<int>(width), fresh.data());
  v1::RowValues* rows = out->head.add_rows();
  std::string& statuses = *rows->mutable_statuses();
  statuses.reserve(decoded->ids.size());
  ValueWriter values(shape_->wire, decoded->ids.size(), width);
  // (Of 16 bits they would be rounded; and a lane's are not those that a step begins with.)
  const bool keep = shape_->wire == Precision::kFloat32 && version.has_value() && shape_->lanes == 0 &&
                    pulled_.Begin(*version, decoded->ids.size() * (width * sizeof(float) + PulledRows::kEntryBytes));
  ForEachFetched(
      decoded->ids.size(), [&](size_t i) { return decoded->ids[i]; },
      [&](size_t i) -> const RowTable& { return *slots_[decoded->slots[i]]->rows(keys.table()); },
      [&](size_t i) {
        values.AddFilled(width, [&](float* value) {
          const Slot& slot = *slots_[decoded->slots[i]];
          const bool trained = slot.ReadRow(keys.table(), decoded->ids[i], version.value_or(slot.version()),
                                            optimizers_, fresh.data(), value, keep ? &pulled_ : nullptr, lane);
          statuses.push_back(static_cast<char>(trained ? v1::ROW_STATUS_TRAINED : v1::ROW_STATUS_INITIAL));
        });
      });
  ByteBlock block = values.Take();
  rows->set_table(keys.table());
  rows->set_rows(decoded->ids.size());
  rows->set_width(width);
  rows->set_crc32c(Crc32c(block));
  if (keep) pulled_.Keep(block);
  out->rows.push_back(std::move(block));
  return absl::OkStatus();
}

void Shard::PullDense(std::optional<uint64_t> version, uint64_t wanted, std::optional<uint32_t> lane,
                      OutgoingPull* out) const {
  // In step it is what was asked for, whatever the others have, as long as it is there.
  const auto at = [&](const Slot& slot) {
    if (shape_->StalenessOf(slot.number()) > 0) return version.value_or(slot.version());
    return wanted + 1 == slot.version() && slot.has_before() ? wanted : slot.version();
  };
  for (uint32_t table = 0; table < shape_->tables.size(); ++table) {
    if (shape_->IsRows(table)) continue;
    for (uint32_t number = 0; number < DenseChunks(shape_->tables[table]); ++number) {
      const uint32_t slot = shape_->space.OfChunk(table, number);
      if (reads_[slot] != SlotUse::kTaken) continue;
      const Slot::SharedChunk& shared =
          slots_[slot]->ShareDense(shape_->Find(slot, table, number), at(*slots_[slot]), lane);
      v1::DenseChunk* chunk = out->head.add_dense();
      chunk->set_table(table);
      chunk->set_chunk(number);
      chunk->set_crc32c(shared.crc32c);
      out->dense.push_back(shared.block);
    }
  }
}

}  // namespace pumasi
