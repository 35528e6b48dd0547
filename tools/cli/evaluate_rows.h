// A model against labelled rows.
#ifndef PUMASI_TOOLS_CLI_EVALUATE_ROWS_H_
#define PUMASI_TOOLS_CLI_EVALUATE_ROWS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/scheduler.pb.h"
#include "tools/cli/trained_model.h"
#include "worker/input/encode_file.h"
#include "worker/input/progress_tracker.h"
#include "worker/input/row_source.h"

namespace pumasi {

// Reads and encodes files (ResolveDataFiles) as the model's job does. InvalidArgument for a model without text; errors
// of EncodeFiles.
absl::StatusOr<EncodedFile> EncodeFor(const TrainedModel& model, const std::vector<std::string>& files, int threads,
                                      ProgressTracker* tracker);

// What the model makes of the rows, which are the model's own kind; without epoch. At most `confusions` of them, most
// frequent first. InvalidArgument without rows; Cancelled where `cancelled` (may be empty), asked now and then, says
// so.
absl::StatusOr<v1::Evaluation> EvaluateRows(TrainedModel& model, const RowSource& rows, size_t confusions,
                                            const std::function<bool()>& cancelled);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_EVALUATE_ROWS_H_
