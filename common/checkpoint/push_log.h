// The log of applied pushes: of each slot and batch the summed gradient, as the optimizer got it. A checkpoint and the
// log after it give the parameters of any later batch, bit by bit, since applying is deterministic.
//
//   file     magic "PUMALOG1" | record*
//   record   u32 size of the payload | u32 CRC32C of the payload | payload
//   payload  u64 version | u32 slot | u32 row tables | u32 dense chunks | u32 0
//            each row table: u32 table | u32 width | u64 rows | rows × u64 id, ascending | rows × width floats
//            each dense chunk: u32 table | u32 chunk | u64 floats | floats
//
// All numbers little-endian; each list of floats is filled up with zeros to a multiple of 8 bytes, so that everything
// lies aligned in a mapped file. Which server wrote a record does not matter: two records of one slot and version hold
// the same bytes, and so do those of a job's earlier generations.
#ifndef PUMASI_COMMON_CHECKPOINT_PUSH_LOG_H_
#define PUMASI_COMMON_CHECKPOINT_PUSH_LOG_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/file.h"

namespace pumasi {

// A slot's gradient of batch `version`: views of memory that is not ours.
struct LoggedBatch {
  struct Rows {
    uint32_t table;
    uint32_t width;
    uint64_t rows;
    const uint64_t* ids;
    const float* values;
  };
  struct Chunk {
    uint32_t table;
    uint32_t chunk;
    uint64_t floats;
    const float* values;
  };
  uint64_t version = 0;
  uint32_t slot = 0;
  std::vector<Rows> rows;
  std::vector<Chunk> dense;
};

// Appends the batch's record to `out`. REQUIRES: the payload is below 4 GiB.
void AppendRecord(const LoggedBatch& batch, std::string* out);

// One file of a log. Not thread-safe.
class PushLogWriter {
 public:
  // Creates `folder`/log-VVVVVVVVV-WRITER, V being `first_version`, and the folder. AlreadyExists if there is such a
  // file.
  static absl::StatusOr<std::unique_ptr<PushLogWriter>> Create(Files& files, const std::string& folder,
                                                               uint64_t first_version, const std::string& writer);
  // After an error the file gets no more records: its tail may be torn, and a reader stops there.
  absl::Status Write(absl::string_view records);
  // What was written is on the disk.
  absl::Status Sync();
  const std::string& path() const { return path_; }

 private:
  PushLogWriter(std::unique_ptr<WritableFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  std::unique_ptr<WritableFile> file_;
  const std::string path_;
  absl::Status broken_;
};

// All files of a log, checked. Thread-safe once open.
class PushLog {
 public:
  // Reads every record. A file ends for us where a record is cut off or its checksum does not fit: a crash tears the
  // tail. Ok and empty if there is no such folder.
  static absl::StatusOr<std::unique_ptr<PushLog>> Open(Files& files, const std::string& folder);

  // Makes durable what was read: whoever goes on from it takes it for that, but the process that wrote it may have died
  // before its sync.
  absl::Status Sync(Files& files) const;

  // The first version from `from` on that has no record for the slot.
  uint64_t EndOf(uint32_t slot, uint64_t from) const;
  // NotFound if there is no such record. The views are valid as long as the log.
  absl::StatusOr<LoggedBatch> Find(uint32_t slot, uint64_t version) const;
  size_t records() const { return records_.size(); }

 private:
  void Scan(const MappedFile& file);

  std::vector<std::string> paths_;
  std::vector<std::unique_ptr<MappedFile>> maps_;                       // likewise
  std::map<std::pair<uint32_t, uint64_t>, absl::string_view> records_;  // payload by (slot, version)
};

// Removes the files that begin before `version`. Writers begin a new file at each checkpoint, so with a checkpoint's
// version this leaves what is needed to go on from it. Ok if there is no such folder.
absl::Status RemoveLogBefore(Files& files, const std::string& folder, uint64_t version);

}  // namespace pumasi

#endif  // PUMASI_COMMON_CHECKPOINT_PUSH_LOG_H_
