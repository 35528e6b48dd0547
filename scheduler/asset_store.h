// The vocabularies' files of the scheduler's jobs, as workers send them.
#ifndef PUMASI_SCHEDULER_ASSET_STORE_H_
#define PUMASI_SCHEDULER_ASSET_STORE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "proto/scheduler.pb.h"
#include "scheduler/checkpoint_folder.h"

namespace pumasi {

// One upload as it arrives. Not thread-safe.
class AssetUpload {
 public:
  // Bytes of one job's files; a vocabulary of ten million words takes about 150 MiB.
  static constexpr uint64_t kMaxBytes = 512 << 20;
  explicit AssetUpload(uint64_t max_bytes = kMaxBytes) : max_bytes_(max_bytes) {}

  // Refuses names that are no plain file names, wrong checksums, and more than `max_bytes`. A chunk without a name adds
  // nothing.
  absl::Status Add(const v1::AssetChunk& chunk);
  const std::string& job_id() const { return job_id_; }
  // Of the worker that sends it.
  uint64_t incarnation() const { return incarnation_; }
  // The last chunk was there.
  bool complete() const { return complete_; }
  Assets TakeAssets() { return std::move(assets_); }

 private:
  std::string job_id_;
  uint64_t incarnation_ = 0;
  Assets assets_;
  uint64_t max_bytes_;
  uint64_t bytes_ = 0;
  bool complete_ = false;
};

// The lines of labels.txt: class names by number. Empty where there is no such file.
std::vector<std::string> LabelsOf(const Assets& assets);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_ASSET_STORE_H_
