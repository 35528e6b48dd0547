#include "worker/input/row_errors.h"

#include <vector>

#include "absl/strings/str_cat.h"

namespace pumasi {
namespace {

absl::Status ColumnError(const CsvTable& table, const CsvRows& row, const std::string& column,
                         std::string_view problem) {
  return table.RowError(row.offset(), absl::StrCat("column \"", column, "\": ", std::string(problem)));
}

}  // namespace

absl::Status TextError(const CsvTable& table, const CsvRows& row, const TextEncoder& encoder) {
  TextEncoder::Scratch scratch;
  std::vector<uint32_t> ids;
  for (size_t column = 0; column < table.text_names().size(); ++column) {
    // No token reaches from one column into the next, so the first refused column is what the row was refused for.
    const absl::Status status = encoder.Encode(row.TextColumn(column), &scratch, &ids);
    if (!status.ok()) return ColumnError(table, row, table.text_names()[column], std::string(status.message()));
  }
  return absl::OkStatus();
}

absl::Status LabelError(const CsvTable& table, const CsvRows& row, std::string_view problem) {
  return ColumnError(table, row, table.label_name(), problem);
}

}  // namespace pumasi
