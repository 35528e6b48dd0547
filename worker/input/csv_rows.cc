#include "worker/input/csv_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "worker/input/utf8.h"

namespace pumasi {

inline CsvRows::Problem CsvRows::Check() {
  if (record_.fault != CsvFault::kNone) return Problem::kFault;
  if (record_.fields.size() != table_.width()) return Problem::kWidth;
  if (record_.end > valid_end_ && !IsUtf8()) return Problem::kEncoding;
  if (table_.label_column() >= 0 && !table_.label_may_be_empty() && record_.fields[table_.label_column()].raw.empty()) {
    return Problem::kNoLabel;
  }
  return Problem::kNone;
}

inline std::string_view CsvRows::Value(const CsvField& field, std::string* scratch) {
  if (!field.doubled_quotes) return field.raw;
  scratch->clear();
  AppendCsvField(field, scratch);
  return *scratch;
}

bool CsvRows::Next() {
  if (!scanner_.Next(&record_)) return false;
  text_ = {};
  label_ = {};
  problem_ = Check();
  malformed_ = problem_ != Problem::kNone;
  if (malformed_) return true;
  if (table_.label_column() >= 0) label_ = Value(record_.fields[table_.label_column()], &label_scratch_);
  const std::vector<size_t>& columns = table_.text_columns();
  if (columns.size() == 1) {
    text_ = Value(record_.fields[columns[0]], &text_scratch_);
    return true;
  }
  text_scratch_.clear();
  for (size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) text_scratch_.push_back(' ');
    AppendCsvField(record_.fields[columns[i]], &text_scratch_);
  }
  text_ = text_scratch_;
  return true;
}

bool CsvRows::IsUtf8() {
  // Enough rows at once, few enough to be still in the nearest cache when they are split. A record begins and ends with
  // whole characters or is not UTF-8, so it may be checked together with its neighbours.
  constexpr uint64_t kStride = 16 << 10;
  const uint64_t begin = std::max(valid_end_, record_.begin);
  const uint64_t end = std::max(record_.end, std::min(range_.end, begin + kStride));
  valid_end_ = begin + ValidUtf8Prefix(table_.contents().substr(begin, end - begin));
  if (record_.end <= valid_end_) return true;
  valid_end_ = record_.end;
  return false;
}

std::string CsvRows::TextColumn(size_t column) const {
  std::string value;
  AppendCsvField(record_.fields[table_.text_columns()[column]], &value);
  return value;
}

absl::Status CsvRows::Error() const {
  const std::string_view raw = table_.contents().substr(record_.begin, record_.end - record_.begin);
  switch (problem_) {
    case Problem::kFault:
      return table_.RowError(record_.fault_at, DescribeCsvFault(record_.fault));
    case Problem::kWidth:
      return table_.RowError(
          record_.begin,
          absl::StrCat(record_.fields.size(), record_.fields.size() == 1 ? " field" : " fields",
                       ", but the header names ", table_.width(),
                       record_.fields.size() > table_.width() ? "; a field that holds a comma stands in quotes"
                                                              : "; an empty field still needs its comma"));
    case Problem::kEncoding: {
      const size_t at = ValidUtf8Prefix(raw);
      return table_.RowError(record_.begin + at,
                             absl::StrFormat("byte 0x%02X is not valid UTF-8 here; save the file as "
                                             "UTF-8",
                                             static_cast<unsigned char>(raw[at])));
    }
    case Problem::kNoLabel:
      return table_.RowError(record_.begin, absl::StrCat("the label (column \"", table_.label_name(), "\") is empty"));
    case Problem::kNone:
      break;
  }
  return absl::OkStatus();
}

uint64_t CsvRows::rows_lost() const {
  if (record_.fault != CsvFault::kAfterQuote && record_.fault != CsvFault::kUnclosedQuote) return 1;
  std::string_view lines = table_.contents().substr(record_.begin, record_.end - record_.begin);
  if (!lines.empty() && lines.back() == '\n') lines.remove_suffix(1);
  return 1 + std::count(lines.begin(), lines.end(), '\n');
}

}  // namespace pumasi
