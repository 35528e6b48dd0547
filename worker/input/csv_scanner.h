#ifndef PUMASI_WORKER_INPUT_CSV_SCANNER_H_
#define PUMASI_WORKER_INPUT_CSV_SCANNER_H_

#include <cstdint>
#include <memory>
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

// A record's fields. Their room is kept from record to record.
class CsvFields {
 public:
  void clear() { size_ = 0; }
  void Add(const char* begin, const char* end, bool doubled_quotes = false) {
    // (Comparing size_ with the vector's size would take a multiplication.)
    if (fields_.data() + size_ == std::to_address(fields_.end())) fields_.resize(size_ * 2 + 8);
    CsvField& field = fields_[size_++];
    field.raw = std::string_view(begin, end - begin);
    field.doubled_quotes = doubled_quotes;
  }

  size_t size() const { return size_; }
  const CsvField& operator[](size_t i) const { return fields_[i]; }
  const CsvField* begin() const { return fields_.data(); }
  const CsvField* end() const { return fields_.data() + size_; }

 private:
  std::vector<CsvField> fields_;
  size_t size_ = 0;
};

struct CsvRecord {
  // Bytes of the file: [begin, end), the line's end included.
  uint64_t begin = 0;
  uint64_t end = 0;
  CsvFields fields;
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
      : file_(file.data()),
        at_(file.data() + begin),
        end_(file.data() + end),
        file_end_(file.data() + file.size()),
        chunk_(at_),
        chunk_end_(at_) {}

  // Reads the next record into `record`, faulty or not; false at the end of the range.
  bool Next(CsvRecord* record);

 private:
  // Small enough that what is found stays in the nearest cache, large enough to be found in long runs.
  static constexpr size_t kChunkBytes = 4096;

  // The first comma, quote, line feed or carriage return at or after `p`, or file_end_. REQUIRES: `p` is not before
  // what the last call returned.
  const char* NextSpecial(const char* p);
  // Finds the specials of the chunk after the current one, or of the one that begins at `p` if that lies behind it.
  void NextChunk(const char* p);

  // Reads the fields that begin at at_ as long as they have neither quotes nor carriage returns, are in the file's
  // chunk, and do not end with the file: most rows as a whole. False where the record ends with the last of them.
  bool NextPlainFields(CsvRecord* record);
  // Read the field that begins at at_ and what ends it; false where the record ends with it. The odd one has a carriage
  // return or a quote, or begins with a quote.
  bool NextField(CsvRecord* record);
  bool NextOddField(CsvRecord* record);
  bool NextQuotedField(CsvRecord* record);
  void Fail(CsvRecord* record, CsvFault fault, const char* where);

  const char* const file_;
  const char* at_;
  const char* const end_;
  const char* const file_end_;

  // Places in [chunk_, chunk_end_) of the specials, places_[0] … places_[count_ - 1], of which those before next_ are
  // done with. The file's end counts as one.
  const char* chunk_;
  const char* chunk_end_;
  size_t next_ = 0;
  size_t count_ = 0;
  uint32_t places_[kChunkBytes + 16];
};

// Appends the field's value to `value`.
void AppendCsvField(const CsvField& field, std::string* value);

// The reason of a fault and what would be right, for a message.
std::string DescribeCsvFault(CsvFault fault);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_CSV_SCANNER_H_
