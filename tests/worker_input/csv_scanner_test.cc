#include "worker/input/csv_scanner.h"

#include <catch2/catch.hpp>
#include <random>

#include "ops/instruction_set.h"
#include "tests/worker_input/plain_csv.h"
#include "worker/input/csv_ranges.h"

namespace pumasi {
namespace {

std::vector<PlainRecord> Scan(std::string_view text, uint64_t begin, uint64_t end) {
  std::vector<PlainRecord> records;
  CsvScanner scanner(text, begin, end);
  CsvRecord record;
  while (scanner.Next(&record)) {
    PlainRecord plain;
    plain.begin = record.begin;
    plain.sound = record.fault == CsvFault::kNone;
    if (plain.sound) {
      for (const CsvField& field : record.fields) AppendCsvField(field, &plain.fields.emplace_back());
    }
    records.push_back(plain);
  }
  return records;
}

std::vector<PlainRecord> Scan(std::string_view text) { return Scan(text, 0, text.size()); }

std::vector<std::string> FirstFields(std::string_view text) {
  const std::vector<PlainRecord> records = Scan(text);
  REQUIRE(!records.empty());
  REQUIRE(records[0].sound);
  return records[0].fields;
}

CsvFault FirstFault(std::string_view text, uint64_t* at) {
  CsvScanner scanner(text, 0, text.size());
  CsvRecord record;
  REQUIRE(scanner.Next(&record));
  *at = record.fault_at;
  return record.fault;
}

// Text that is mostly sound, made of the pieces that matter to a CSV parser.
std::string RandomCsv(std::mt19937_64* random, bool mostly_sound, int most_pieces = 60) {
  static const std::string kSound[] = {"a",        "bc",       ",",     ",",          "\n",
                                       "\n",       "\r\n",     "\"x\"", "\"\"",       "\"a,b\"",
                                       "\"p\nq\"", "\"\"\"\"", "한",    ",\"s\r\n\"", "0123456789abcdefg"};
  static const std::string kBroken[] = {"\"", "\r", "\"\"\"", "x\"y", "\"x\"y"};
  std::string text;
  const int pieces = static_cast<int>((*random)() % most_pieces);
  for (int i = 0; i < pieces; ++i) {
    const bool broken = (*random)() % (mostly_sound ? 40 : 4) == 0;
    text += broken ? kBroken[(*random)() % std::size(kBroken)] : kSound[(*random)() % std::size(kSound)];
  }
  return text;
}

TEST_CASE("Fields are told apart by commas, empty ones included") {
  CHECK(FirstFields("a,,c\n") == std::vector<std::string>{"a", "", "c"});
  CHECK(FirstFields(",") == std::vector<std::string>{"", ""});
  CHECK(FirstFields("a") == std::vector<std::string>{"a"});
}

TEST_CASE("A quoted field may hold commas, line breaks and doubled quotes") {
  CHECK(FirstFields("\"a,b\",\"c\nd\",\"e\r\nf\",\"say \"\"hi\"\"\"\n") ==
        std::vector<std::string>{"a,b", "c\nd", "e\r\nf", "say \"hi\""});
  CHECK(FirstFields("\"\",\"\"\"\"\n") == std::vector<std::string>{"", "\""});
}

TEST_CASE("Lines end with LF, with CRLF or with the file, and blank lines are no records") {
  CHECK(Scan("a\nb\r\nc").size() == 3);
  CHECK(Scan("\n\r\na\n\n\r\nb\n\n").size() == 2);
  CHECK(Scan("").empty());
  CHECK(Scan("\n\n").empty());
  // A quoted empty field is a record, a blank line is not.
  CHECK(Scan("\"\"\n").size() == 1);
}

TEST_CASE("A fault of the quotes is named with its place, and reading goes on with the next line") {
  uint64_t at = 0;
  CHECK(FirstFault("ab\"c,d\nnext\n", &at) == CsvFault::kStrayQuote);
  CHECK(at == 2);
  CHECK(FirstFault("\"a\"b,c\nnext\n", &at) == CsvFault::kAfterQuote);
  CHECK(at == 3);
  CHECK(FirstFault("x,\"never closed\nnext\n", &at) == CsvFault::kUnclosedQuote);
  CHECK(at == 2);
  CHECK(FirstFault("a\rb,c\nnext\n", &at) == CsvFault::kLoneReturn);
  CHECK(at == 1);
  for (const char* text : {"ab\"c,\"d\nnext\n", "\"a\"b,\"c\nnext\n", "a\rb,c\nnext\n"}) {
    CAPTURE(text);
    const std::vector<PlainRecord> records = Scan(text);
    REQUIRE(records.size() == 2);
    CHECK(!records[0].sound);
    CHECK(records[1].fields == std::vector<std::string>{"next"});
  }
}

TEST_CASE("Random text is read as the plain parser reads it") {
  const uint64_t seed = 20240311;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20000; ++round) {
    const std::string text = RandomCsv(&random, round % 2 == 0);
    INFO("seed " << seed << ", round " << round << ", text: " << text);
    const bool same = Scan(text) == ParsePlainCsv(text);
    REQUIRE(same);
  }
}

TEST_CASE("Text much longer than what is looked at at once is read so, too, with every instruction set") {
  for (const InstructionSet set : {InstructionSet::kBaseline, InstructionSet::kAvx2, InstructionSet::kAvx512}) {
    const ScopedInstructionSet scope(set);
    const uint64_t seed = 8;
    std::mt19937_64 random(seed);
    for (int round = 0; round < 200; ++round) {
      std::string text = RandomCsv(&random, true, 8000);
      if (round % 3 == 0) text.insert(random() % (text.size() + 1), std::string(random() % 20000, 'x'));
      if (round % 3 == 1) text.insert(random() % (text.size() + 1), ",\"" + std::string(random() % 20000, '\n') + "\"");
      if (round % 7 == 0) text.resize(text.size() / 4096 * 4096);
      INFO(Name(set) << ", seed " << seed << ", round " << round);
      const bool same = Scan(text) == ParsePlainCsv(text);
      REQUIRE(same);
    }
  }
}

TEST_CASE("Ranges of random text, however many, give the rows of a single pass, broken rows included") {
  const uint64_t seed = 7;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 5000; ++round) {
    const std::string text = RandomCsv(&random, round % 2 == 0);
    const std::vector<PlainRecord> whole = Scan(text);
    for (size_t pieces = 1; pieces <= 9; ++pieces) {
      INFO("seed " << seed << ", round " << round << ", pieces " << pieces << ", text: " << text);
      std::vector<PlainRecord> joined;
      uint64_t expected_begin = 0;
      const std::vector<CsvRange> ranges = SplitCsvRanges(text, 0, pieces, round % 50 == 0 ? 3 : 1);
      REQUIRE(ranges.size() <= pieces);
      for (const CsvRange& range : ranges) {
        REQUIRE(range.begin == expected_begin);
        REQUIRE(range.end > range.begin);
        expected_begin = range.end;
        for (PlainRecord& record : Scan(text, range.begin, range.end)) joined.push_back(std::move(record));
      }
      REQUIRE(expected_begin == text.size());
      const bool same = joined == whole;
      REQUIRE(same);
    }
  }
}

TEST_CASE("A quoted field that spans several cuts belongs to one range") {
  const std::string text = "a,b\n1,\"" + std::string(1000, '\n') + "\"\n2,x\n";
  const std::vector<CsvRange> ranges = SplitCsvRanges(text, 4, 8, 2);
  size_t records = 0;
  for (const CsvRange& range : ranges) records += Scan(text, range.begin, range.end).size();
  CHECK(records == 2);
}

}  // namespace
}  // namespace pumasi
