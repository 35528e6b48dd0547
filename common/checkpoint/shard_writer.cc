#include "common/checkpoint/shard_writer.h"

#include <cstring>

#include "common/checkpoint/shard_format.h"
#include "common/crc32c.h"
#include "common/planted_bug.h"

namespace pumasi {
namespace {

template <typename T>
void Append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace

absl::StatusOr<std::unique_ptr<ShardWriter>> ShardWriter::Create(Files& files, const std::string& path) {
  auto file = files.Create(path);
  if (!file.ok()) return file.status();
  std::unique_ptr<ShardWriter> writer(new ShardWriter(*std::move(file)));
  if (absl::Status status = writer->Write(kShardMagic, sizeof kShardMagic); !status.ok()) return status;
  return writer;
}

absl::Status ShardWriter::Write(const void* data, size_t size) {
  info_.crc32c = Crc32c(data, size, info_.crc32c);
  info_.size += size;
  return file_->Write(absl::string_view(static_cast<const char*>(data), size));
}

absl::Status ShardWriter::WriteChunk(const std::string& payload) {
  std::string header;
  Append(header, static_cast<uint32_t>(payload.size()));
  Append(header, Crc32c(payload.data(), payload.size()));
  if (absl::Status status = Write(header.data(), header.size()); !status.ok()) return status;
  return Write(payload.data(), payload.size());
}

absl::Status ShardWriter::BeginSection(uint32_t table, uint32_t slot) {
  if (absl::Status status = FlushRows(); !status.ok()) return status;
  auto* section = index_.add_sections();
  section->set_table(table);
  section->set_slot(slot);
  section->set_offset(info_.size);
  return absl::OkStatus();
}

absl::Status ShardWriter::AddRow(uint64_t id, uint64_t last_step, const float* state, uint32_t floats) {
  Append(ids_, id);
  Append(steps_, last_step);
  states_.append(reinterpret_cast<const char*>(state), sizeof(float) * floats);
  ++rows_;
  return states_.size() >= kRowChunkBytes ? FlushRows() : absl::OkStatus();
}

absl::Status ShardWriter::FlushRows() {
  if (rows_ == 0) return absl::OkStatus();
  auto* section = index_.mutable_sections(index_.sections_size() - 1);
  section->set_chunks(section->chunks() + 1);
  section->set_count(section->count() + rows_);
  std::string payload;
  payload.reserve(sizeof rows_ + ids_.size() + steps_.size() + states_.size());
  Append(payload, rows_);
  payload += ids_;
  payload += steps_;
  payload += states_;
  rows_ = 0;
  ids_.clear(), steps_.clear(), states_.clear();
  return WriteChunk(payload);
}

absl::Status ShardWriter::AddDense(uint32_t chunk, const float* state, uint32_t floats, uint32_t total_floats) {
  auto* section = index_.mutable_sections(index_.sections_size() - 1);
  section->set_chunks(section->chunks() + 1);
  section->set_count(section->count() + floats);
  std::string payload;
  Append(payload, chunk);
  Append(payload, floats);
  payload.append(reinterpret_cast<const char*>(state), sizeof(float) * total_floats);
  return WriteChunk(payload);
}

absl::StatusOr<ShardFileInfo> ShardWriter::Finish(const v1::Progress& progress, uint64_t since) {
  if (absl::Status status = FlushRows(); !status.ok()) return status;
  *index_.mutable_progress() = progress;
  index_.set_since(since);
  std::string trailer;
  Append(trailer, uint64_t{info_.size});
  Append(trailer, Crc32c(trailer.data(), trailer.size()));
  trailer.append(kShardMagic, sizeof kShardMagic);
  if (absl::Status status = WriteChunk(index_.SerializeAsString()); !status.ok()) return status;
  if (absl::Status status = Write(trailer.data(), trailer.size()); !status.ok()) return status;
  if (!Planted(PlantedBug::kSkipSync)) {
    if (absl::Status status = file_->Sync(); !status.ok()) return status;
  }
  if (absl::Status status = file_->Close(); !status.ok()) return status;
  return info_;
}

}  // namespace pumasi
