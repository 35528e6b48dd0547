#ifndef PUMASI_WORKER_INPUT_SURVEY_H_
#define PUMASI_WORKER_INPUT_SURVEY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "worker/input/bad_rows.h"
#include "worker/input/csv_input.h"
#include "worker/input/label_reader.h"
#include "worker/input/numbered_rows.h"
#include "worker/input/progress_tracker.h"
#include "worker/input/text_encoder.h"
#include "worker/input/token_counter.h"
#include "worker/input/tokenizer.h"

namespace pumasi {

// What the survey reads of a row. A row that `labels` or `ids` refuses is malformed.
struct SurveyPlan {
  const LabelReader* labels = nullptr;
  // Its tokens are counted. Null: none are.
  const Tokenizer* tokenizer = nullptr;
  // With tokenizer kind ids: what reads them, else null.
  const TextEncoder* ids = nullptr;
  // Where the sound rows are left for RenumberRows; needs `tokenizer`. Null: nowhere. It has a share for each thread.
  NumberedRows* rows = nullptr;
};

// What a first pass over training rows finds. The same for any number of threads.
struct Survey {
  // All tokens (also those that max_length cuts off later); empty where no tokenizer was given.
  TokenCounter tokens;
  // Names of the classes, by the numbers that they have in SurveyPlan::rows; none with LabelKind::kNumbers.
  std::vector<std::string> labels;
  // Sound rows of each piece.
  std::vector<uint64_t> piece_rows;
  uint64_t rows = 0;
};

// Reads all rows of `input`, which has a label column, with `threads` threads. Errors: of malformed rows, as `bad_rows`
// decides; INVALID_ARGUMENT for more labels than kMaxClasses; CANCELLED.
absl::StatusOr<Survey> SurveyRows(const CsvInput& input, const SurveyPlan& plan, int threads, BadRows* bad_rows,
                                  ProgressTracker* tracker);

// How many numbers the label column of the first row holds that `labels`, of LabelKind::kNumbers, can read; 0 where
// more than `malformed` rows come before it, or there is no such row.
uint32_t CountNumbers(const CsvInput& input, const LabelReader& labels, uint64_t malformed);

struct SampleSize {
  uint64_t rows = 0;
  // Of each text at most this much, cut between characters.
  size_t text_bytes = 0;
};

// Texts of the rows that were surveyed with `labels`, evenly spread, one a line (line breaks in a text become spaces;
// lower-cased if `lower`): what a SentencePiece model is trained on.
absl::StatusOr<std::string> SampleTexts(const CsvInput& input, const LabelReader& labels, const Survey& survey,
                                        const SampleSize& size, bool lower, int threads, ProgressTracker* tracker);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_SURVEY_H_
