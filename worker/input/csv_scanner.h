#ifndef PUMASI_WORKER_INPUT_CSV_SCANNER_H_
#define PUMASI_WORKER_INPUT_CSV_SCANNER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pumasi {

// What is wrong with a record.
enum class CsvFault {
  kNone,
  kStrayQuote,     // a quote inside a field that does not begin with one
  kAfterQuote,     // something other than a comma or a line's end after a closing quote
  kUnclosedQuote,  // the file ends inside a quoted field
  kLoneReturn,     // a carriage return without a line feed, outside quotes
};

// A field as it stands in the file, without its outer quotes.
struct CsvField {
  std::string_view raw;
  // `raw` holds doubled quotes, each of which means one.
  bool doubled_quotes = false;
};

struct CsvRecord {
  // Bytes of the file: [begin, end), the line's end included.
  uint64_t begin = 0;
  uint64_t end = 0;
  std::vector<CsvField> fields;
  CsvFault fault = CsvFault::kNone;
  // Where the fault lies, in bytes of the file.
  uint64_t fault_at = 0;
};

// Walks the records of a range of a CSV file: RFC 4180 with LF or CRLF, line breaks allowed inside quotes. Blank lines
// are no records.
//
// A record with a fault of its quotes ends with the line in which the fault lies, whatever quotes follow there; so a
// reader that skips it goes on with the next line. (A lone carriage return changes nothing in how the record is read.)
class CsvScanner {
 public:
  // Walks the records that begin in [begin, end) of `file`. REQUIRES: a record begins at `begin`, and at `end` unless
  // that is the file's end (SplitCsvRanges makes such ranges). `file` has to outlive the scanner and its records.
  CsvScanner(std::string_view file, uint64_t begin, uint64_t end)
      : file_(file.data()), at_(file.data() + begin), end_(file.data() + end), file_end_(file.data() + file.size()) {}

  // Reads the next record into `record`, faulty or not; false at the end of the range.
  bool Next(CsvRecord* record);

 private:
  // Reads the field that begins at at_ and what ends it. False where the record ends with it.
  bool NextField(CsvRecord* record);
  bool NextQuotedField(CsvRecord* record);
  void Fail(CsvRecord* record, CsvFault fault, const char* where);

  const char* const file_;
  const char* at_;
  const char* const end_;
  const char* const file_end_;
};

// Appends the field's value to `value`.
void AppendCsvField(const CsvField& field, std::string* value);

// The reason of a fault and what would be right, for a message.
std::string DescribeCsvFault(CsvFault fault);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CSV_SCANNER_H_
