#include "tests/job/fake_cluster.h"

#include <algorithm>

#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "common/rpc_error.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

grpc::ServerUnaryReactor* Finish(grpc::CallbackServerContext* context, const grpc::Status& status) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  reactor->Finish(status);
  return reactor;
}

grpc::Status BadLuck() { return {grpc::StatusCode::UNAVAILABLE, "bad luck"}; }

}  // namespace

void FakeServer::SetLayout(const v1::Layout& layout) {
  std::lock_guard lock(mutex_);
  layout_ = layout;
}

grpc::ServerUnaryReactor* FakeServer::Pull(grpc::CallbackServerContext* context, const v1::PullRequest* request,
                                           v1::PullResponse* response) {
  return Finish(context, luck_.Bad() ? BadLuck() : Answer(*request, response));
}

grpc::ServerUnaryReactor* FakeServer::Push(grpc::CallbackServerContext* context, const v1::PushRequest* request,
                                           v1::PushResponse* response) {
  const bool before = luck_.Bad(), after = luck_.Bad();
  if (before) return Finish(context, BadLuck());
  const grpc::Status status = Take(*request, response);
  return Finish(context, after ? BadLuck() : status);
}

grpc::Status FakeServer::Answer(const v1::PullRequest& request, v1::PullResponse* response) {
  std::lock_guard lock(mutex_);
  if (request.header().layout_epoch() != layout_.epoch()) return RpcError(D::STALE_LAYOUT, "another epoch");
  if (request.version() > version_) return RpcError(D::NOT_READY, "not there yet");
  if (request.version() + 1 < version_) return RpcError(D::TOO_LATE, "gone");
  for (const v1::RowKeys& keys : request.rows()) {
    v1::RowValues* values = response->add_rows();
    values->set_table(keys.table());
    values->set_rows(keys.deltas_size());
    values->set_width(tables_[keys.table()].columns());
    values->set_values(std::string(keys.deltas_size() * values->width() * sizeof(float), '\0'));
    values->set_crc32c(Crc32c(values->values()));
  }
  for (uint32_t table = 0; table < tables_.size(); ++table) {
    if (tables_[table].kind() == v1::TableSpec::ROWS) continue;
    for (uint32_t chunk = 0; chunk < DenseChunks(tables_[table]); ++chunk) {
      const uint32_t slot = SlotOfChunk(table, chunk, layout_.slot_owner_size());
      if (layout_.slot_owner(static_cast<int>(slot)) != index_) continue;
      v1::DenseChunk* out = response->add_dense();
      out->set_table(table);
      out->set_chunk(chunk);
      out->set_values(std::string(ChunkFloats(tables_[table], chunk) * sizeof(float), '\0'));
      out->set_crc32c(Crc32c(out->values()));
    }
  }
  return grpc::Status::OK;
}

grpc::Status FakeServer::Take(const v1::PushRequest& request, v1::PushResponse* response) {
  std::lock_guard lock(mutex_);
  if (request.header().layout_epoch() != layout_.epoch()) return RpcError(D::STALE_LAYOUT, "another epoch");
  if (request.version() > version_) return RpcError(D::NOT_READY, "not there yet");
  response->set_outcome(v1::PushResponse::DUPLICATE);
  if (request.version() < version_) return grpc::Status::OK;
  const auto first = has_.begin() + request.first_part(), end = has_.begin() + request.end_part();
  const auto known = std::count(first, end, true);
  if (known == end - first) return grpc::Status::OK;
  if (known > 0) return RpcError(D::PARTLY_APPLIED, "some of it is there");
  std::fill(first, end, true);
  response->set_outcome(v1::PushResponse::ACCEPTED);
  for (int i = 0; i < request.keys_size(); ++i) {
    const auto* values = reinterpret_cast<const float*>(request.values(i).values().data());
    uint64_t id = 0;
    for (const uint64_t delta : request.keys(i).deltas()) {
      id += delta;
      rows_[id] += *values;
      values += request.values(i).width();
    }
  }
  for (const v1::DenseChunk& chunk : request.dense()) {
    const auto* values = reinterpret_cast<const float*>(chunk.values().data());
    for (size_t i = 0; i < chunk.values().size() / sizeof(float); ++i) dense_[chunk.table()] += values[i];
  }
  if (std::count(has_.begin(), has_.end(), true) == parts_) {
    has_.assign(parts_, false);
    ++version_;
    changed_.notify_all();
  }
  return grpc::Status::OK;
}

std::map<uint64_t, float> FakeServer::rows() {
  std::lock_guard lock(mutex_);
  return rows_;
}

float FakeServer::dense(uint32_t table) {
  std::lock_guard lock(mutex_);
  return dense_[table];
}

uint64_t FakeServer::version() {
  std::lock_guard lock(mutex_);
  return version_;
}

bool FakeServer::WaitFor(uint64_t batches, std::chrono::seconds time) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, time, [&] { return version_ >= batches; });
}

FakeScheduler::FakeScheduler(uint64_t batches, uint64_t batches_per_epoch, uint32_t parts, Luck& luck)
    : batches_(batches), luck_(luck), parts_(parts) {
  for (uint64_t version = 0; version < batches; ++version) {
    for (uint32_t part = 0; part < parts;) {
      const uint32_t size = units_.size() % 3 == 2 || part % 2 == 1 ? 1 : 2;
      Unit unit;
      unit.lease.set_token(units_.size() + 1);
      unit.lease.set_kind(v1::TRAIN);
      unit.lease.set_version(version);
      unit.lease.set_epoch(static_cast<uint32_t>(version / batches_per_epoch));
      unit.lease.set_batch(version % batches_per_epoch);
      unit.lease.set_first_part(part);
      unit.lease.set_end_part(part + size);
      units_.push_back(unit);
      part += size;
    }
  }
}

grpc::ServerUnaryReactor* FakeScheduler::LeaseUnits(grpc::CallbackServerContext* context,
                                                    const v1::LeaseUnitsRequest* request,
                                                    v1::LeaseUnitsResponse* response) {
  const bool before = luck_.Bad(), after = luck_.Bad();
  std::lock_guard lock(mutex_);
  if (before || silent_) return Finish(context, BadLuck());
  for (const v1::UnitDone& done : request->done()) {
    for (const v1::PartResult& part : done.parts()) done_.insert({done.version(), part.part()});
  }
  changed_.notify_all();
  if (request->hold_at_most() > 0) {
    const std::set<uint64_t> held(request->held().begin(), request->held().end());
    size_t count = held.size();
    for (Unit& unit : units_) {
      unit.done = true;
      for (uint32_t part = unit.lease.first_part(); part < unit.lease.end_part(); ++part) {
        unit.done = unit.done && done_.count({unit.lease.version(), part}) > 0;
      }
      unit.leased = held.count(unit.lease.token()) > 0;
      if (unit.done || unit.leased || count >= request->hold_at_most()) continue;
      *response->add_leases() = unit.lease;
      ++count;
    }
  }
  response->set_state(v1::TRAINING);
  return Finish(context, after ? BadLuck() : grpc::Status::OK);
}

grpc::ServerUnaryReactor* FakeScheduler::ReportFailure(grpc::CallbackServerContext* context,
                                                       const v1::ReportFailureRequest* request,
                                                       v1::ReportFailureResponse*) {
  std::lock_guard lock(mutex_);
  failure_ = request->message();
  changed_.notify_all();
  return Finish(context, grpc::Status::OK);
}

void FakeScheduler::SetSilent(bool silent) {
  std::lock_guard lock(mutex_);
  silent_ = silent;
}

uint64_t FakeScheduler::DoneBatches() const {
  uint64_t batches = 0;
  while (batches < batches_ && std::distance(done_.lower_bound({batches, 0}), done_.lower_bound({batches + 1, 0})) ==
                                   static_cast<ptrdiff_t>(parts_)) {
    ++batches;
  }
  return batches;
}

std::string FakeScheduler::WaitFor(uint64_t batches, std::chrono::seconds time) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, time, [&] { return !failure_.empty() || DoneBatches() >= batches; });
  if (failure_.empty() && DoneBatches() < batches) return "time is up at batch " + std::to_string(DoneBatches());
  return failure_;
}

}  // namespace pumasi
