#ifndef PUMASI_WORKER_INPUT_ENCODE_FILE_H_
#define PUMASI_WORKER_INPUT_ENCODE_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/job.pb.h"
#include "worker/input/label_encoder.h"
#include "worker/input/label_set.h"
#include "worker/input/progress_tracker.h"
#include "worker/input/row_source.h"
#include "worker/input/text_encoder.h"

namespace pumasi {

struct EncodedFile {
  std::unique_ptr<RowSource> rows;
  // Malformed rows that were left out (data.on_error: skip).
  uint64_t skipped_rows = 0;
};

// Encodes files (ResolveDataFiles) for `pumasi evaluate`, in memory and without a cache: columns and treatment of
// malformed rows as in `data`, labels by `labels`. What `encoder` or `labels` refuses counts as a malformed row. Errors
// as PrepareData's.
absl::StatusOr<EncodedFile> EncodeFiles(const std::vector<std::string>& files, const v1::Data& data,
                                        const TextEncoder& encoder, const LabelEncoder& labels, int threads,
                                        ProgressTracker* tracker);

// The labels of a model folder: reads labels.txt.
absl::StatusOr<LabelSet> OpenLabels(const std::string& folder);

// What encodes the label column for a trained model; `classes` as in its DataSummary. Reads labels.txt, which a model
// with loss: mse has not.
absl::StatusOr<LabelEncoder> OpenLabelEncoder(const v1::Job& job, uint32_t classes, const std::string& folder);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ENCODE_FILE_H_
