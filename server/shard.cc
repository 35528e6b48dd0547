#include "server/shard.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/averaging.h"
#include "common/consistency.h"
#include "common/error_detail.h"
#include "common/job_mode.h"
#include "common/layout/slots.h"
#include "ops/initializer.h"
#include "ops/wire/job_wire.h"
#include "ops/wire/value_codec.h"

namespace pumasi {
Shard::Shard(const Options& options, std::shared_ptr<const ParameterShape> shape, JobOptimizers optimizers)
    : shape_(std::move(shape)),
      incarnation_(options.incarnation),
      memory_(std::make_shared<MemoryAccount>(options.memory_limit)),
      parts_(options.job.micro_batches()),
      first_version_(options.first_version),
      optimizers_(std::move(optimizers)),
      roles_(shape_->slots(), SlotRole::kNone),
      slots_(shape_->slots()),
      reads_(shape_->slots(), SlotUse::kForeign),
      // In sync all slots are there before one goes on.
      cut_every_(shape_->staleness > 0 ? options.job.checkpoint().every_batches() : 0),
      pulled_(shape_->tables.size(), memory_),
      logs_(options.log) {}

absl::StatusOr<std::unique_ptr<Shard>> Shard::Create(const Options& options) {
  auto optimizers = JobOptimizers::Create(HoldersOptimizer(options.job), options.tables, options.rate_changes,
                                          StepsPerBatch(options.job), Averages(options.job), StalenessOf(options.job),
                                          KindsLieApart(options.job), ElasticRuleOf(options.job));
  if (!optimizers.ok()) return optimizers.status();
  auto shape = ParameterShape::Make(options.tables, options.layout.slot_owner_size(), options.layout.dense_from());
  if (!shape.ok()) return shape.status();
  if (options.job.micro_batches() == 0) return absl::InvalidArgumentError("a batch of 0 parts");
  shape->wire = WireOf(options.job);
  shape->coding = CodingOf(options.job);
  shape->seed = options.job.seed();
  shape->staleness = StalenessOf(options.job);
  shape->async = IsAsync(options.job);
  shape->steps_per_batch = StepsPerBatch(options.job);
  shape->lanes = ElasticRuleOf(options.job).lanes;
  std::unique_ptr<Shard> shard(
      new Shard(options, std::make_shared<const ParameterShape>(*std::move(shape)), *std::move(optimizers)));
  if (absl::Status status = shard->SetLayout(options.layout); !status.ok()) return status;
  if (options.empty) return shard;
  if (absl::Status status = shard->MakeSlots(); !status.ok()) return status;
  shard->PassCut();
  return shard;
}

absl::Status Shard::MakeSlots() {
  const int copies = optimizers_.copies();
  uint64_t dense_bytes = 0;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (roles_[slot] == SlotRole::kNone) continue;
    for (const ParameterShape::Chunk& chunk : shape_->chunks[slot]) {
      // What is stored, what the last batch replaced, the gradient of one (of each lane), and its record; the copy for
      // pulls.
      const uint64_t batch = shape_->lanes > 0 ? copies + shape_->lanes : 2 + logs_;
      dense_bytes += chunk.floats * (copies + batch) * sizeof(float) + ValueBytes(shape_->wire, 1, chunk.floats);
    }
  }
  if (absl::Status status = CheckMemory(dense_bytes); !status.ok()) return status;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (roles_[slot] == SlotRole::kNone) continue;
    slots_[slot] = NewSlot(slot, first_version_);
    slots_[slot]->SetAside(false);
  }
  missing_ = 0;
  for (uint32_t table = 0; table < shape_->tables.size(); ++table) {
    const v1::TableSpec& spec = shape_->tables[table];
    if (shape_->IsRows(table)) continue;
    std::vector<float> whole;
    for (uint32_t chunk = 0; chunk < DenseChunks(spec); ++chunk) {
      const uint32_t slot = shape_->space.OfChunk(table, chunk);
      if (slots_[slot] == nullptr) continue;
      if (whole.empty()) {
        whole.resize(DenseFloats(spec));
        InitialTensor(spec, whole.data());
      }
      const uint64_t floats = ChunkFloats(spec, chunk);
      float* value = slots_[slot]->dense(shape_->Find(slot, table, chunk)).data();
      std::memcpy(value, whole.data() + chunk * kChunkFloats, floats * sizeof(float));
      optimizers_.of(table).InitSlots(static_cast<int>(floats), value + floats);
    }
  }
  return absl::OkStatus();
}

absl::Status Shard::SetLayout(const v1::Layout& layout) {
  if (layout.slot_owner_size() != static_cast<int>(shape_->slots())) {
    return absl::InvalidArgumentError(
        absl::StrCat("layout of ", layout.slot_owner_size(), " slots; the job has ", shape_->slots()));
  }
  if (layout.dense_from() != shape_->space.dense_from) {
    return absl::InvalidArgumentError(absl::StrCat("layout with dense chunks from slot ", layout.dense_from(),
                                                   " on; the job has them from ", shape_->space.dense_from));
  }
  if (absl::Status status = CheckLayout(layout); !status.ok()) return status;
  layout_ = layout;
  pulled_.Clear();
  roles_ = RolesOf(layout, incarnation_);
  missing_ = 0;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (roles_[slot] == SlotRole::kNone && slots_[slot] != nullptr) {
      // A checkpoint may hold it for a while.
      slots_[slot]->SetAside(true);
      slots_[slot] = nullptr;
    }
    if (roles_[slot] != SlotRole::kNone && slots_[slot] == nullptr) ++missing_;
    reads_[slot] = Reads(layout, slot, roles_[slot]) ? SlotUse::kTaken : SlotUse::kForeign;
  }
  return absl::OkStatus();
}

std::shared_ptr<Slot> Shard::NewSlot(uint32_t number, uint64_t version) const {
  auto slot = std::make_shared<Slot>(shape_, number, parts_, optimizers_.copies(), version, memory_);
  slot->SetAside(true);
  slot->SetLogged(logs_);
  return slot;
}

absl::Status Shard::TakeSlot(std::shared_ptr<Slot> slot, const RateChanges& changes) {
  if (absl::Status status = CheckMemory(0); !status.ok()) return status;
  if (absl::Status status = optimizers_.Take(changes); !status.ok()) return status;
  pulled_.Clear();
  const uint32_t number = slot->number();
  slots_[number] = std::move(slot);
  slots_[number]->SetAside(false);
  --missing_;
  // What the copy waits for may have been answered already.
  ApplyIfComplete(*slots_[number]);
  return absl::OkStatus();
}

absl::Status Shard::Refuse(int reason, const std::string& message) const {
  v1::ErrorDetail detail;
  detail.set_reason(static_cast<v1::ErrorDetail::Reason>(reason));
  detail.set_version(LeastVersion().value_or(first_version_));
  detail.set_layout_epoch(layout_epoch());
  if (reason == v1::ErrorDetail::NOT_READY) detail.set_waiting_for(WaitingFor());
  return DetailedError(detail, message);
}

std::string Shard::WaitingFor() const {
  const Slot* last = nullptr;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (roles_[slot] == SlotRole::kNone) continue;
    if (slots_[slot] == nullptr) return absl::StrCat("the copy of slot ", slot);
    const bool later = last == nullptr || slots_[slot]->version() < last->version() ||
                       (slots_[slot]->version() == last->version() && last->complete() && !slots_[slot]->complete());
    if (later) last = slots_[slot].get();
  }
  if (last == nullptr) return "nothing";
  return last->complete() && optimizers_.clips_by_norm()
             ? absl::StrCat("the gradient's norm over all servers of batch ", last->version())
             : absl::StrCat(last->Missing(), " of batch ", last->version());
}

std::optional<uint64_t> Shard::LeastVersion() const {
  std::optional<uint64_t> least;
  for (const auto& slot : slots_) {
    if (slot != nullptr) least = std::min(least.value_or(slot->version()), slot->version());
  }
  return least;
}

std::optional<uint64_t> Shard::LeastPrimaryVersion() const {
  std::optional<uint64_t> least;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (roles_[slot] != SlotRole::kPrimary || slots_[slot] == nullptr) continue;
    least = std::min(least.value_or(slots_[slot]->version()), slots_[slot]->version());
  }
  return least;
}

std::vector<std::shared_ptr<Slot>> Shard::PrimariesAt(uint64_t version) const {
  std::vector<std::shared_ptr<Slot>> primaries;
  for (uint32_t slot = 0; slot < shape_->slots(); ++slot) {
    if (roles_[slot] != SlotRole::kPrimary) continue;
    if (slots_[slot] == nullptr || !slots_[slot]->IsAt(version)) return {};
    primaries.push_back(slots_[slot]);
  }
  return primaries;
}

}  // namespace pumasi
