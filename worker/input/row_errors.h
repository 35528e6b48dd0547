#ifndef PUMASI_WORKER_INPUT_ROW_ERRORS_H_
#define PUMASI_WORKER_INPUT_ROW_ERRORS_H_

#include <string_view>

#include "absl/status/status.h"
#include "worker/input/csv_rows.h"
#include "worker/input/csv_table.h"
#include "worker/input/text_encoder.h"

namespace pumasi {

// The error of a row whose text `encoder` refuses: file, line, column and what is wrong with it.
absl::Status TextError(const CsvTable& table, const CsvRows& row, const TextEncoder& encoder);

// Likewise of a row whose label column is malformed because of `problem`.
absl::Status LabelError(const CsvTable& table, const CsvRows& row, std::string_view problem);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ROW_ERRORS_H_
