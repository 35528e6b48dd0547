#ifndef PUMASI_WORKER_INPUT_CSV_ROWS_H_
#define PUMASI_WORKER_INPUT_CSV_ROWS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "worker/input/csv_ranges.h"
#include "worker/input/csv_scanner.h"
#include "worker/input/csv_table.h"

namespace pumasi {

// Walks the rows of a range of a CSV table: text and label of each. Not thread-safe; one per thread and range.
class CsvRows {
 public:
  // `range` is one of SplitCsvRanges over the table's body. `table` has to outlive this object.
  CsvRows(const CsvTable& table, CsvRange range)
      : table_(table), scanner_(table.contents(), range.begin, range.end), range_(range), valid_end_(range.begin) {}

  // Reads the next row, sound or not; false at the end of the range.
  bool Next();

  // Whether the row is malformed. Then Error() says where, why and what would be right, and text() and label() are
  // empty.
  bool malformed() const { return malformed_; }
  absl::Status Error() const;

  // The text columns joined by a space, and the label; valid until the next call of Next.
  std::string_view text() const { return text_; }
  std::string_view label() const { return label_; }
  // One of the text columns, by its place in CsvTable::text_columns(). REQUIRES: the row is not malformed.
  std::string TextColumn(size_t column) const;
  // Where the row begins, in bytes of the file; CsvTable::RowError turns it into a line.
  uint64_t offset() const { return record_.begin; }
  // How many rows the job loses with a malformed row: more than one where broken quotes swallow lines.
  uint64_t rows_lost() const;

 private:
  enum class Problem { kNone, kFault, kWidth, kEncoding, kNoLabel };
  Problem Check();
  // Whether the record that was read is UTF-8.
  bool IsUtf8();
  std::string_view Value(const CsvField& field, std::string* scratch);

  const CsvTable& table_;
  CsvScanner scanner_;
  const CsvRange range_;
  // All that was read so far is UTF-8 up to here, but for records that were found not to be: text is checked many rows
  // at a time.
  uint64_t valid_end_;
  CsvRecord record_;
  bool malformed_ = false;
  Problem problem_ = Problem::kNone;
  std::string_view text_, label_;
  std::string text_scratch_, label_scratch_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CSV_ROWS_H_
