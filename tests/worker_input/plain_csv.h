// A CSV parser as dumb as can be, one character and one state at a time, to check the fast one against.
#ifndef PUMASI_TESTS_WORKER_INPUT_PLAIN_CSV_H_
#define PUMASI_TESTS_WORKER_INPUT_PLAIN_CSV_H_

#include <string>
#include <string_view>
#include <vector>

namespace pumasi {

struct PlainRecord {
  size_t begin = 0;
  bool sound = true;
  std::vector<std::string> fields;  // of sound records only
  bool operator==(const PlainRecord&) const = default;
};

inline std::vector<PlainRecord> ParsePlainCsv(std::string_view text) {
  enum class State { kRecordStart, kFieldStart, kBare, kQuoted, kQuoteInQuoted, kBroken };
  std::vector<PlainRecord> records;
  State state = State::kRecordStart;
  PlainRecord record;
  std::string field;
  const auto end_field = [&] {
    record.fields.push_back(field);
    field.clear();
  };
  const auto end_record = [&] {
    if (!record.sound) record.fields.clear();
    records.push_back(record);
    record = PlainRecord();
    field.clear();
    state = State::kRecordStart;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool crlf = c == '\r' && i + 1 < text.size() && text[i + 1] == '\n';
    const bool line_ends = c == '\n' || crlf;
    if (state == State::kRecordStart) {
      if (line_ends) {  // a blank line
        i += crlf;
        continue;
      }
      record.begin = i;
      state = State::kFieldStart;
    }
    if (state == State::kQuoted) {
      if (c == '"') {
        state = State::kQuoteInQuoted;
      } else {
        field.push_back(c);
      }
    } else if (state == State::kQuoteInQuoted && c == '"') {
      field.push_back('"');
      state = State::kQuoted;
    } else if (state == State::kBroken) {
      if (c == '\n') end_record();
    } else if (line_ends) {
      end_field();
      end_record();
      i += crlf;
    } else if (c == ',') {
      end_field();
      state = State::kFieldStart;
    } else if (state == State::kFieldStart && c == '"') {
      state = State::kQuoted;
    } else if (state == State::kQuoteInQuoted || c == '"') {
      record.sound = false;
      state = State::kBroken;
    } else {
      if (c == '\r') record.sound = false;
      field.push_back(c);
      state = State::kBare;
    }
  }
  if (state == State::kQuoted) record.sound = false;
  if (state != State::kRecordStart) {
    end_field();
    end_record();
  }
  return records;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_WORKER_INPUT_PLAIN_CSV_H_
