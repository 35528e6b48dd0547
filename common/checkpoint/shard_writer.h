// Writes one shard file (shard_format.h).
#ifndef PUMASI_COMMON_CHECKPOINT_SHARD_WRITER_H_
#define PUMASI_COMMON_CHECKPOINT_SHARD_WRITER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/file.h"
#include "proto/checkpoint.pb.h"

namespace pumasi {

struct ShardFileInfo {
  uint64_t size = 0;
  uint32_t crc32c = 0;  // of the whole file
};

// Call BeginSection, AddRow or AddDense for each of its rows or chunks, and so on; at last Finish. Not thread-safe. An
// error is final: the file is of no use then.
class ShardWriter {
 public:
  // Creates or empties the file at `path`. `files` has to outlive the writer.
  static absl::StatusOr<std::unique_ptr<ShardWriter>> Create(Files& files, const std::string& path);

  // For each slot that the file holds of a table, also where no row follows: a reader that puts together files of
  // several versions has to tell a slot without changes from one that is missing.
  absl::Status BeginSection(uint32_t table, uint32_t slot);
  // REQUIRES: ids ascend within the section; `floats` is the same for all rows of the section.
  absl::Status AddRow(uint64_t id, uint64_t last_step, const float* state, uint32_t floats);
  // REQUIRES: chunk numbers ascend within the section. `state`: the value and then the optimizer slots, `floats` each,
  // (1 + slots) · floats in all.
  absl::Status AddDense(uint32_t chunk, const float* state, uint32_t floats, uint32_t total_floats);
  // Writes index and trailer, syncs and closes. `since`: the file holds only rows that changed after this version, and
  // dense chunks whole; 0: it holds all rows.
  absl::StatusOr<ShardFileInfo> Finish(const v1::Progress& progress, uint64_t since = 0);

 private:
  explicit ShardWriter(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  absl::Status FlushRows();
  absl::Status WriteChunk(const std::string& payload);
  absl::Status Write(const void* data, size_t size);

  std::unique_ptr<WritableFile> file_;
  ShardFileInfo info_;
  v1::ShardIndex index_;
  // Rows of the chunk being gathered.
  std::string ids_, steps_, states_;
  uint32_t rows_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_CHECKPOINT_SHARD_WRITER_H_
