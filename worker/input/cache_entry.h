#ifndef PUMASI_WORKER_INPUT_CACHE_ENTRY_H_
#define PUMASI_WORKER_INPUT_CACHE_ENTRY_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/table.pb.h"
#include "worker/input/encoded_data.h"

namespace pumasi {

// Names of the files of encoded rows in an entry of the cache.
inline constexpr char kTrainRowsFile[] = "train.rows";
inline constexpr char kTestRowsFile[] = "test.rows";

// What a folder of the cache holds once it is complete: encoded rows, the files that a model folder needs, and "entry",
// which lists them with sizes and checksums and is written last.
struct CacheEntry {
  v1::DataSummary summary;
  std::unique_ptr<EncodedData> train;
  std::unique_ptr<EncodedData> test;  // null where the job has no test rows
  // Names of the files that a model folder needs.
  std::vector<std::string> assets;
};

// Writes "entry" and makes the folder durable. The encoded rows and `assets` have to lie in the folder already;
// test.rows only if summary.test_rows is not 0.
absl::Status SealCacheEntry(const std::string& folder, const v1::DataSummary& summary,
                            const std::vector<std::string>& assets);

// Opens an entry and checks all of it. DATA_LOSS where anything is missing, damaged or does not fit together; NOT_FOUND
// where there is no such folder.
absl::StatusOr<CacheEntry> OpenCacheEntry(const std::string& folder);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CACHE_ENTRY_H_
