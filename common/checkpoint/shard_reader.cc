#include "common/checkpoint/shard_reader.h"

#include <cstring>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "common/checkpoint/shard_format.h"
#include "common/crc32c.h"
#include "common/planted_bug.h"

namespace pumasi {
namespace {

template <typename T>
T Read(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

absl::Status ShardReader::Damaged(uint64_t offset, const std::string& what) const {
  return absl::DataLossError(absl::StrCat(path_, ": damaged at byte ", offset, ": ", what));
}

absl::StatusOr<std::unique_ptr<ShardReader>> ShardReader::Open(Files& files, const std::string& path) {
  std::unique_ptr<ShardReader> reader(new ShardReader);
  reader->path_ = path;
  auto map = files.OpenMapped(path);
  // What is no file that could be mapped is no shard file.
  if (absl::IsInvalidArgument(map.status()) || absl::IsFailedPrecondition(map.status())) {
    return absl::DataLossError(map.status().message());
  }
  if (!map.ok()) return map.status();
  reader->map_ = *std::move(map);
  const char* const data = reader->map_->data();
  const uint64_t size = reader->map_->size();
  if (size < sizeof kShardMagic + kChunkHeaderBytes + kShardTrailerBytes ||
      std::memcmp(data, kShardMagic, sizeof kShardMagic) != 0) {
    return reader->Damaged(0, "this is not a shard file, or it is cut off");
  }
  const char* trailer = data + size - kShardTrailerBytes;
  if (std::memcmp(trailer + 12, kShardMagic, sizeof kShardMagic) != 0 ||
      Read<uint32_t>(trailer + 8) != Crc32c(trailer, 8)) {
    return reader->Damaged(size - kShardTrailerBytes, "the end is missing");
  }
  uint64_t offset = Read<uint64_t>(trailer);
  auto payload = reader->Chunk(offset);
  if (!payload.ok()) return payload.status();
  if (offset != size - kShardTrailerBytes ||
      !reader->index_.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
    return reader->Damaged(Read<uint64_t>(trailer), "the index cannot be read");
  }
  return reader;
}

absl::StatusOr<std::string_view> ShardReader::Chunk(uint64_t& offset) const {
  const uint64_t end = size() - kShardTrailerBytes;
  if (offset < sizeof kShardMagic || offset > end || end - offset < kChunkHeaderBytes) {
    return Damaged(offset, "no chunk can begin here");
  }
  const uint64_t bytes = Read<uint32_t>(map_->data() + offset);
  const char* payload = map_->data() + offset + kChunkHeaderBytes;
  if (bytes > end - offset - kChunkHeaderBytes) return Damaged(offset, "the chunk is longer than the file");
  if (Crc32c(payload, bytes) != Read<uint32_t>(map_->data() + offset + 4) && !Planted(PlantedBug::kSkipCrc)) {
    return Damaged(offset, "checksum does not fit");
  }
  offset += kChunkHeaderBytes + bytes;
  return std::string_view(payload, bytes);
}

absl::Status ShardReader::VisitRows(const v1::ShardIndex::Section& section, uint64_t row_floats,
                                    const RowVisitor& visit) const {
  uint64_t offset = section.offset(), seen = 0, previous = 0;
  const uint64_t row_bytes = row_floats * sizeof(float);
  for (uint32_t i = 0; i < section.chunks(); ++i) {
    const uint64_t at = offset;
    auto payload = Chunk(offset);
    if (!payload.ok()) return payload.status();
    const uint64_t count = payload->size() < 4 ? 0 : Read<uint32_t>(payload->data());
    if (payload->size() != 4 + count * (16 + row_bytes))
      return Damaged(at, "the chunk does not hold the rows it claims");
    const char* ids = payload->data() + 4;
    const char* steps = ids + 8 * count;
    const char* states = steps + 8 * count;
    for (uint64_t row = 0; row < count; ++row, ++seen) {
      const auto id = Read<uint64_t>(ids + 8 * row);
      if (seen > 0 && id <= previous) return Damaged(at, "ids do not ascend");
      previous = id;
      visit(id, Read<uint64_t>(steps + 8 * row), states + row * row_bytes);
    }
  }
  return seen == section.count() ? absl::OkStatus() : Damaged(section.offset(), "rows are missing");
}

absl::Status ShardReader::VisitDense(const v1::ShardIndex::Section& section, uint64_t copies,
                                     const DenseVisitor& visit) const {
  uint64_t offset = section.offset(), seen = 0;
  uint32_t previous = 0;
  for (uint32_t i = 0; i < section.chunks(); ++i) {
    const uint64_t at = offset;
    auto payload = Chunk(offset);
    if (!payload.ok()) return payload.status();
    const uint64_t floats = payload->size() < 8 ? 0 : Read<uint32_t>(payload->data() + 4);
    if (floats == 0 || payload->size() != 8 + copies * floats * sizeof(float)) {
      return Damaged(at, "the chunk does not hold the values it claims");
    }
    const auto chunk = Read<uint32_t>(payload->data());
    if (i > 0 && chunk <= previous) return Damaged(at, "chunk numbers do not ascend");
    previous = chunk;
    visit(chunk, static_cast<uint32_t>(floats), payload->data() + 8);
    seen += floats;
  }
  return seen == section.count() ? absl::OkStatus() : Damaged(section.offset(), "values are missing");
}

uint32_t ShardReader::FileCrc32c() const { return Crc32c(map_->data(), map_->size()); }

}  // namespace pumasi
