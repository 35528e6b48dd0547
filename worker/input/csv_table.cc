#include "worker/input/csv_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/nearest_name.h"
#include "worker/input/csv_scanner.h"
#include "worker/input/utf8.h"

namespace pumasi {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

absl::StatusOr<size_t> FindColumn(const std::string& name, const char* key, const std::vector<std::string>& names,
                                  const std::string& path) {
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has no column \"", name, "\" (", key, "): ", SuggestName(name, names)));
  }
  if (std::find(found + 1, names.end(), name) != names.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, " has two columns \"", name, "\" (", key, "); each column needs a name of its own"));
  }
  return static_cast<size_t>(found - names.begin());
}

}  // namespace

absl::StatusOr<std::unique_ptr<CsvTable>> CsvTable::Open(const std::string& path, const CsvColumns& columns,
                                                         const FileViewOptions& options) {
  if (columns.text.empty()) return absl::InvalidArgumentError("data.text names no column; name at least one");
  absl::StatusOr<std::unique_ptr<FileView>> view = FileView::Open(path, options);
  if (!view.ok()) return view.status();
  std::unique_ptr<CsvTable> table(new CsvTable());
  table->view_ = *std::move(view);
  if (absl::Status status = table->ReadHeader(columns); !status.ok()) return status;
  return table;
}

absl::Status CsvTable::ReadHeader(const CsvColumns& columns) {
  const std::string_view file = contents();
  const uint64_t begin = file.substr(0, kByteOrderMark.size()) == kByteOrderMark ? kByteOrderMark.size() : 0;
  if (file.size() >= 2 && (file.substr(0, 2) == "\xFF\xFE" || file.substr(0, 2) == "\xFE\xFF")) {
    return absl::InvalidArgumentError(absl::StrCat(path(), " is UTF-16; save it as UTF-8"));
  }
  CsvScanner scanner(file, begin, file.size());
  CsvRecord header;
  if (!scanner.Next(&header)) {
    return absl::InvalidArgumentError(absl::StrCat(path(), " is empty; the first line has to name the columns"));
  }
  if (header.fault != CsvFault::kNone) {
    return RowError(header.begin, absl::StrCat("the header has ", DescribeCsvFault(header.fault)));
  }
  const std::string_view raw = file.substr(header.begin, header.end - header.begin);
  if (const size_t valid = ValidUtf8Prefix(raw); valid < raw.size()) {
    return RowError(header.begin, "the header is not UTF-8; save the file as UTF-8");
  }
  std::vector<std::string> names;
  for (const CsvField& field : header.fields) AppendCsvField(field, &names.emplace_back());

  for (const std::string& name : columns.text) {
    absl::StatusOr<size_t> column = FindColumn(name, "data.text", names, path());
    if (!column.ok()) return column.status();
    text_columns_.push_back(*column);
  }
  text_names_ = columns.text;
  if (!columns.label.empty()) {
    absl::StatusOr<size_t> column = FindColumn(columns.label, "data.label", names, path());
    if (!column.ok()) return column.status();
    label_column_ = static_cast<int>(*column);
    label_name_ = columns.label;
    label_may_be_empty_ = columns.label_may_be_empty;
  }
  body_begin_ = header.end;
  width_ = names.size();
  return absl::OkStatus();
}

absl::Status CsvTable::RowError(uint64_t offset, std::string_view reason) const {
  const std::string_view before = contents().substr(0, offset);
  const uint64_t line = 1 + std::count(before.begin(), before.end(), '\n');
  return absl::InvalidArgumentError(absl::StrCat(path(), ":", line, ": ", std::string(reason)));
}

}  // namespace pumasi
