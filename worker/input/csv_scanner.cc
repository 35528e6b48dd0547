#include "worker/input/csv_scanner.h"

#include <algorithm>
#include <cstring>

#include "worker/input/byte_kernels.h"

namespace pumasi {
namespace {

const char* FindByte(const char* p, const char* end, char byte) {
  const void* found = p < end ? std::memchr(p, byte, end - p) : nullptr;
  return found != nullptr ? static_cast<const char*>(found) : end;
}

}  // namespace

void CsvScanner::NextChunk(const char* p) {
  chunk_ = std::max(p, chunk_end_);
  const size_t size = std::min<size_t>(file_end_ - chunk_, kChunkBytes);
  chunk_end_ = chunk_ + size;
  next_ = 0;
  count_ = UsedByteKernels().find_csv(chunk_, size, places_);
  if (chunk_end_ == file_end_) places_[count_++] = static_cast<uint32_t>(size);
}

inline const char* CsvScanner::NextSpecial(const char* p) {
  while (true) {
    for (; next_ < count_; ++next_) {
      const char* const special = chunk_ + places_[next_];
      if (special >= p) return special;
    }
    NextChunk(p);
  }
}

inline bool CsvScanner::NextPlainFields(CsvRecord* record) {
  const char* const chunk = chunk_;
  const char* begin = at_;
  size_t next = next_;
  bool more = true;
  for (; next < count_; ++next) {
    const char* const end = chunk + places_[next];
    if (end < begin) continue;
    const char special = end < file_end_ ? *end : '"';
    if (special != ',' && special != '\n') break;
    record->fields.Add(begin, end);
    begin = end + 1;
    if (special == ',') continue;
    ++next;
    more = false;
    break;
  }
  next_ = next;
  at_ = begin;
  return more;
}

inline bool CsvScanner::NextField(CsvRecord* record) {
  const char* const begin = at_;
  const char* const end = NextSpecial(begin);
  const char special = end < file_end_ ? *end : '\n';  // the file's end ends a line, too
  if (special == ',' || special == '\n') {
    record->fields.Add(begin, end);
    at_ = end < file_end_ ? end + 1 : end;
    return special == ',';
  }
  return special == '"' && end == begin ? NextQuotedField(record) : NextOddField(record);
}

bool CsvScanner::Next(CsvRecord* record) {
  // Blank lines: nothing but a line's end.
  while (at_ < end_ && (*at_ == '\n' || (*at_ == '\r' && at_ + 1 < file_end_ && at_[1] == '\n'))) {
    at_ += *at_ == '\n' ? 1 : 2;
  }
  if (at_ >= end_) return false;
  record->begin = at_ - file_;
  record->fields.clear();
  record->fault = CsvFault::kNone;
  while (NextPlainFields(record) && NextField(record)) {
  }
  record->end = at_ - file_;
  return true;
}

bool CsvScanner::NextOddField(CsvRecord* record) {
  const char* const begin = at_;
  for (const char* p = begin;; ++p) {
    p = NextSpecial(p);
    const bool crlf = p < file_end_ && *p == '\r' && p + 1 < file_end_ && p[1] == '\n';
    if (p == file_end_ || *p == ',' || *p == '\n' || crlf) {
      record->fields.Add(begin, p);
      const bool more = p < file_end_ && *p == ',';
      at_ = p == file_end_ ? p : p + (crlf ? 2 : 1);
      return more;
    }
    if (*p == '"') {
      Fail(record, CsvFault::kStrayQuote, p);
      return false;
    }
    if (record->fault == CsvFault::kNone) {
      record->fault = CsvFault::kLoneReturn;
      record->fault_at = p - file_;
    }
  }
}

bool CsvScanner::NextQuotedField(CsvRecord* record) {
  const char* const begin = at_ + 1;
  bool doubled = false;
  for (const char* p = begin;;) {
    while ((p = NextSpecial(p)) < file_end_ && *p != '"') ++p;
    if (p == file_end_) {
      record->fault = CsvFault::kUnclosedQuote;
      record->fault_at = at_ - file_;
      at_ = file_end_;
      return false;
    }
    const char* const after = p + 1;
    if (after < file_end_ && *after == '"') {
      doubled = true;
      p = after + 1;
      continue;
    }
    const bool crlf = after + 1 < file_end_ && after[0] == '\r' && after[1] == '\n';
    if (after < file_end_ && *after != ',' && *after != '\n' && !crlf) {
      Fail(record, CsvFault::kAfterQuote, after);
      return false;
    }
    record->fields.Add(begin, p, doubled);
    const bool more = after < file_end_ && *after == ',';
    at_ = after == file_end_ ? after : after + (crlf ? 2 : 1);
    return more;
  }
}

void CsvScanner::Fail(CsvRecord* record, CsvFault fault, const char* where) {
  record->fault = fault;
  record->fault_at = where - file_;
  const char* const feed = FindByte(where, file_end_, '\n');
  at_ = feed == file_end_ ? feed : feed + 1;
}

void AppendCsvField(const CsvField& field, std::string* value) {
  if (!field.doubled_quotes) {
    value->append(field.raw);
    return;
  }
  std::string_view rest = field.raw;
  for (size_t quote; (quote = rest.find('"')) != std::string_view::npos; rest.remove_prefix(quote + 2)) {
    value->append(rest.substr(0, quote + 1));
  }
  value->append(rest);
}

std::string DescribeCsvFault(CsvFault fault) {
  switch (fault) {
    case CsvFault::kStrayQuote:
      return "a quote (\") inside a field that does not begin with one; write the whole field in quotes and each quote "
             "inside it twice";
    case CsvFault::kAfterQuote:
      return "text after a field's closing quote (\"); a comma or the line's end has to follow, and a quote inside a "
             "quoted field is written twice";
    case CsvFault::kUnclosedQuote:
      return "the quote (\") that begins a field is never closed; the field ends with a quote of its own";
    case CsvFault::kLoneReturn:
      return "a carriage return that no line feed follows; lines end with LF or CRLF, and a field with line breaks "
             "stands in quotes";
    case CsvFault::kNone:
      break;
  }
  return "";
}

}  // namespace pumasi
