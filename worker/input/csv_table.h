#ifndef PUMASI_WORKER_INPUT_CSV_TABLE_H_
#define PUMASI_WORKER_INPUT_CSV_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/input/file_view.h"

namespace pumasi {

// Which columns a job reads.
struct CsvColumns {
  // Joined by a space in this order. At least one.
  std::vector<std::string> text;
  // Empty: rows have no label.
  std::string label;
  // A row without a value in the label column is malformed, unless this is set.
  bool label_may_be_empty = false;
};

// An open CSV file whose header row names the wanted columns. Immutable, so any number of threads may read.
class CsvTable {
 public:
  // Opens the file and reads its header (UTF-8 with or without byte order mark). Errors of FileView::Open;
  // INVALID_ARGUMENT, naming the file, where there is no header, where it is malformed, or where a wanted column is not
  // there (with the nearest names) or there twice.
  static absl::StatusOr<std::unique_ptr<CsvTable>> Open(const std::string& path, const CsvColumns& columns,
                                                        const FileViewOptions& options = {});

  const std::string& path() const { return view_->path(); }
  std::string_view contents() const { return view_->contents(); }
  // Where the first record after the header begins, in bytes.
  uint64_t body_begin() const { return body_begin_; }
  // Number of fields that each record has to have.
  size_t width() const { return width_; }
  // Positions of the text columns, in the order wanted, and of the label column (-1: none wanted).
  const std::vector<size_t>& text_columns() const { return text_columns_; }
  int label_column() const { return label_column_; }
  const std::string& label_name() const { return label_name_; }
  bool label_may_be_empty() const { return label_may_be_empty_; }
  // Of text_columns().
  const std::vector<std::string>& text_names() const { return text_names_; }

  // INVALID_ARGUMENT "path:line: reason" for byte `offset` of the file. The line is counted from the file's begin, line
  // breaks inside quotes included: takes time in proportion to `offset`.
  absl::Status RowError(uint64_t offset, std::string_view reason) const;

 private:
  CsvTable() = default;
  absl::Status ReadHeader(const CsvColumns& columns);

  std::unique_ptr<FileView> view_;
  uint64_t body_begin_ = 0;
  size_t width_ = 0;
  std::vector<size_t> text_columns_;
  int label_column_ = -1;
  std::string label_name_;
  bool label_may_be_empty_ = false;
  std::vector<std::string> text_names_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CSV_TABLE_H_
