#ifndef PUMASI_WORKER_INPUT_RENUMBER_ROWS_H_
#define PUMASI_WORKER_INPUT_RENUMBER_ROWS_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "worker/input/csv_input.h"
#include "worker/input/encoded_rows.h"
#include "worker/input/numbered_rows.h"
#include "worker/input/progress_tracker.h"
#include "worker/input/row_rules.h"

namespace pumasi {

// What a survey's numbers become.
struct FinalIds {
  // Of a token, by its number: what the vocabulary finds for it.
  std::vector<uint32_t> tokens;
  // Of a label, by its number: its class. Not with LabelKind::kNumbers.
  std::vector<uint32_t> classes;
};

// Gives the sound rows of `input`, which a survey has left in `rows`, to `sink`: the same rows in the same order and
// pieces as EncodeRows gives them, without reading the text again. Errors: the sink's; of scratch files, as the system
// says; CANCELLED.
absl::Status RenumberRows(const CsvInput& input, const NumberedRows& rows, const FinalIds& ids, const RowRules& rules,
                          LabelKind label_kind, int threads, ProgressTracker* tracker,
                          const std::function<absl::Status(const EncodedRows&)>& sink);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_RENUMBER_ROWS_H_
