#ifndef PUMASI_WORKER_INPUT_ENCODE_ROWS_H_
#define PUMASI_WORKER_INPUT_ENCODE_ROWS_H_

#include <functional>

#include "absl/status/status.h"
#include "worker/input/bad_rows.h"
#include "worker/input/csv_input.h"
#include "worker/input/encoded_rows.h"
#include "worker/input/label_encoder.h"
#include "worker/input/progress_tracker.h"
#include "worker/input/text_encoder.h"

namespace pumasi {

// Encodes all rows of `input`, which has a label column, with `threads` threads, and hands them piece by piece to
// `sink`: in order, by one thread at a time, at most a few pieces a thread held in memory. A row that
// `encoder` or `labels` refuses counts as malformed. Errors: of malformed rows, as `bad_rows` decides; the sink's;
// CANCELLED. Where several pieces fail, the first one's error is returned, whatever the number of threads.
absl::Status EncodeRows(const CsvInput& input, const TextEncoder& encoder, const LabelEncoder& labels, int threads,
                        BadRows* bad_rows, ProgressTracker* tracker,
                        const std::function<absl::Status(const EncodedRows&)>& sink);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ENCODE_ROWS_H_
