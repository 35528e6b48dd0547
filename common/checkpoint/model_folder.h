// A checkpoint folder opened for reading: by a server that continues from it, by the scheduler that hashes it, by the
// CLI that predicts with it. The number of shard files says nothing about who may read: sections are found by (table,
// slot). A checkpoint may be a chain of files of several versions, each with the rows that changed since the one
// before: a row counts from the latest file that has it, a dense chunk from the latest version.
#ifndef PUMASI_COMMON_CHECKPOINT_MODEL_FOLDER_H_
#define PUMASI_COMMON_CHECKPOINT_MODEL_FOLDER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/checkpoint/manifest.h"
#include "common/checkpoint/shard_reader.h"
#include "common/file.h"
#include "proto/checkpoint.pb.h"

namespace pumasi {

// Thread-safe once open: the files are mapped and only read.
class ModelFolder {
 public:
  // Reads and checks the manifest, opens the shard files and checks their sizes and indexes, and that the files of each
  // slot are a chain without a gap: DataLoss if not. `files` has to outlive the folder.
  static absl::StatusOr<std::unique_ptr<ModelFolder>> Open(Files& files, const std::string& folder);

  const std::string& folder() const { return folder_; }
  const v1::Manifest& manifest() const { return manifest_; }
  std::string AssetPath(const std::string& name) const { return folder_ + "/" + name; }

  // Reads every byte and compares it with the manifest's checksums.
  absl::Status Verify() const;

  // A changed row as it is stored; `state` may be unaligned.
  struct Row {
    uint64_t id;
    uint64_t last_step;
    const char* state;
  };
  // Floats of one stored row of `table`, and copies of a dense float: value and optimizer slots.
  uint64_t RowFloats(uint32_t table) const;
  uint64_t copies() const { return 1 + manifest_.optimizer_slots_size(); }
  // The stored rows of one slot by ascending id, each once; none if the slot has none. A row that is not of the slot,
  // beyond the table, from after its file's version or not from after the version that its file holds the changes since
  // is DataLoss, and so is a dense chunk that does not fit.
  absl::Status VisitRows(uint32_t table, uint32_t slot, const ShardReader::RowVisitor& visit) const;
  // The dense chunks of one slot.
  absl::Status VisitDense(uint32_t table, uint32_t slot, const ShardReader::DenseVisitor& visit) const;
  // All stored rows of a table, by ascending id. Pointers are valid as long as the folder is open.
  absl::StatusOr<std::vector<Row>> AllRows(uint32_t table) const;
  // The values of a dense table, without optimizer slots: rows · columns floats.
  absl::StatusOr<std::vector<float>> DenseValues(uint32_t table) const;

 private:
  struct Place {
    const ShardReader* reader;
    const v1::ShardIndex::Section* section;
    const v1::Manifest::File* file;
  };

  explicit ModelFolder(Files& files) : files_(files) {}
  absl::Status AddShard(const v1::Manifest::File& file, std::unique_ptr<ShardReader> reader);
  // The rows of one file.
  absl::Status VisitPlace(uint32_t table, const Place& place, const ShardReader::RowVisitor& visit) const;

  Files& files_;
  std::string folder_;
  v1::Manifest manifest_;
  std::vector<std::unique_ptr<ShardReader>> shards_;
  // By (table, slot): the files that count, from one that is whole to the latest.
  std::map<std::pair<uint32_t, uint32_t>, std::vector<Place>> sections_;
};

}  // namespace pumasi

#endif  // PUMASI_COMMON_CHECKPOINT_MODEL_FOLDER_H_
