#include "worker/input/csv_scanner.h"

#include <emmintrin.h>

#include <cstring>

namespace pumasi {
namespace {

// The first comma, quote, line feed or carriage return in [p, end), or `end`.
const char* FindSpecial(const char* p, const char* end) {
  const __m128i comma = _mm_set1_epi8(','), quote = _mm_set1_epi8('"');
  const __m128i feed = _mm_set1_epi8('\n'), carriage = _mm_set1_epi8('\r');
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i hits = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, comma), _mm_cmpeq_epi8(bytes, quote)),
                                      _mm_or_si128(_mm_cmpeq_epi8(bytes, feed), _mm_cmpeq_epi8(bytes, carriage)));
    if (const int mask = _mm_movemask_epi8(hits); mask != 0) return p + __builtin_ctz(mask);
  }
  while (p < end && *p != ',' && *p != '"' && *p != '\n' && *p != '\r') ++p;
  return p;
}

const char* FindByte(const char* p, const char* end, char byte) {
  const void* found = p < end ? std::memchr(p, byte, end - p) : nullptr;
  return found != nullptr ? static_cast<const char*>(found) : end;
}

}  // namespace

bool CsvScanner::Next(CsvRecord* record) {
  // Blank lines: nothing but a line's end.
  while (at_ < end_ && (*at_ == '\n' || (*at_ == '\r' && at_ + 1 < file_end_ && at_[1] == '\n'))) {
    at_ += *at_ == '\n' ? 1 : 2;
  }
  if (at_ >= end_) return false;
  record->begin = at_ - file_;
  record->fields.clear();
  record->fault = CsvFault::kNone;
  while (NextField(record)) {
  }
  record->end = at_ - file_;
  return true;
}

bool CsvScanner::NextField(CsvRecord* record) {
  if (at_ < file_end_ && *at_ == '"') return NextQuotedField(record);
  const char* const begin = at_;
  for (const char* p = begin;; ++p) {
    p = FindSpecial(p, file_end_);
    const bool crlf = p < file_end_ && *p == '\r' && p + 1 < file_end_ && p[1] == '\n';
    if (p == file_end_ || *p == ',' || *p == '\n' || crlf) {
      record->fields.push_back({std::string_view(begin, p - begin)});
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
    p = FindByte(p, file_end_, '"');
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
    record->fields.push_back({std::string_view(begin, p - begin), doubled});
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
