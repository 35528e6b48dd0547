// Reads one shard file (shard_format.h) without trusting it: every size and offset is checked against the file, every
// chunk against its checksum.
#ifndef PUMASI_COMMON_CHECKPOINT_SHARD_READER_H_
#define PUMASI_COMMON_CHECKPOINT_SHARD_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/file.h"
#include "proto/checkpoint.pb.h"

namespace pumasi {

// The file stays mapped as long as the reader lives; pointers that it hands out point into the map. Thread-safe once
// open.
class ShardReader {
 public:
  // NotFound if there is no such file, DataLoss if it is no shard file or damaged.
  static absl::StatusOr<std::unique_ptr<ShardReader>> Open(Files& files, const std::string& path);
  ShardReader(const ShardReader&) = delete;
  ShardReader& operator=(const ShardReader&) = delete;

  const v1::ShardIndex& index() const { return index_; }
  const std::string& path() const { return path_; }

  // `state` may be unaligned: copy it out.
  using RowVisitor = std::function<void(uint64_t id, uint64_t last_step, const char* state)>;
  using DenseVisitor = std::function<void(uint32_t chunk, uint32_t floats, const char* state)>;
  // Visits a section's rows by ascending id. `row_floats`: value and optimizer slots of one row.
  absl::Status VisitRows(const v1::ShardIndex::Section& section, uint64_t row_floats, const RowVisitor& visit) const;
  // Visits a section's dense chunks by ascending number. `copies`: 1 + optimizer slots.
  absl::Status VisitDense(const v1::ShardIndex::Section& section, uint64_t copies, const DenseVisitor& visit) const;
  // CRC32C of the whole file.
  uint32_t FileCrc32c() const;
  uint64_t size() const { return map_->size(); }

 private:
  ShardReader() = default;
  absl::Status Damaged(uint64_t offset, const std::string& what) const;
  // The checked payload of the chunk at `offset`; moves `offset` behind it.
  absl::StatusOr<std::string_view> Chunk(uint64_t& offset) const;

  std::string path_;
  std::unique_ptr<MappedFile> map_;
  v1::ShardIndex index_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_CHECKPOINT_SHARD_READER_H_
