#include "worker/input/csv_rows.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "tests/worker_input/data_folder.h"
#include "tests/worker_input/plain_utf8.h"
#include "worker/input/csv_input.h"

namespace pumasi {
namespace {

struct Row {
  std::string text, label;
  bool operator==(const Row&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Row& row) { return out << row.text << " -> " << row.label; }

std::vector<Row> ReadRows(const CsvInput& input) {
  std::vector<Row> rows;
  for (const CsvInput::Piece& piece : input.pieces()) {
    CsvRows reader(*piece.table, piece.range);
    while (reader.Next()) {
      if (reader.malformed()) {
        rows.push_back({"malformed", std::string(reader.Error().message())});
      } else {
        rows.push_back({std::string(reader.text()), std::string(reader.label())});
      }
    }
  }
  return rows;
}

std::vector<Row> ReadRows(const std::vector<std::string>& files, const CsvColumns& columns,
                          uint64_t piece_bytes = 1 << 20) {
  auto input = CsvInput::Open(files, columns, {}, 1, piece_bytes);
  INFO(input.status().ToString());
  REQUIRE(input.ok());
  return ReadRows(**input);
}

std::string OpenError(const std::string& file, const CsvColumns& columns) {
  auto input = CsvInput::Open({file}, columns, {}, 1);
  REQUIRE(!input.ok());
  CHECK(absl::IsInvalidArgument(input.status()));
  return std::string(input.status().message());
}

// The error of the only malformed row, without the folder.
std::string RowError(const std::string& contents, uint64_t piece_bytes = 1 << 20) {
  DataFolder folder;
  std::string error;
  for (const Row& row : ReadRows({folder.Write("rows.csv", contents)}, {{"text"}, "label"}, piece_bytes)) {
    if (row.text != "malformed") continue;
    REQUIRE(error.empty());
    error = row.label.substr(folder.path().size() + 1);
  }
  return error;
}

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

TEST_CASE("Columns are found by name, in any order, with or without a byte order mark") {
  DataFolder folder;
  const std::string first = folder.Write("1.csv", "id,text,label\n7,hello,1\n");
  const std::string second = folder.Write("2.csv", "\xEF\xBB\xBFlabel,more,text\r\n0,\"x,y\",\"good \"\"day\"\"\"\r\n");
  CHECK(ReadRows({first, second}, {{"text"}, "label"}) == std::vector<Row>{{"hello", "1"}, {"good \"day\"", "0"}});
}

TEST_CASE("A quoted header cell after the byte order mark is read as such") {
  DataFolder folder;
  const std::string file = folder.Write("1.csv", "\xEF\xBB\xBF\"text\",\"the label\"\na,1\n");
  CHECK(ReadRows({file}, {{"text"}, "the label"}) == std::vector<Row>{{"a", "1"}});
}

TEST_CASE("Several text columns are joined by a space in the order asked for") {
  DataFolder folder;
  const std::string file = folder.Write("1.csv", "name,description,section\nbash,\"a \"\"shell\"\"\",shells\nx,,y\n");
  CHECK(ReadRows({file}, {{"description", "name"}, "section"}) ==
        std::vector<Row>{{"a \"shell\" bash", "shells"}, {" x", "y"}});
}

TEST_CASE("Rows without a label column are read for their text alone") {
  DataFolder folder;
  const std::string file = folder.Write("1.csv", "text\none\ntwo\n");
  CHECK(ReadRows({file}, {{"text"}, ""}) == std::vector<Row>{{"one", ""}, {"two", ""}});
}

TEST_CASE("A column that is not there is told with the file and the nearest name") {
  DataFolder folder;
  const std::string file = folder.Write("1.csv", "id,text,label\n");
  CHECK_THAT(OpenError(file, {{"texd"}, "label"}),
             StartsWith(file) && Contains("\"texd\"") && Contains("data.text") && Contains("text"));
  CHECK_THAT(OpenError(file, {{"text"}, "lable"}),
             StartsWith(file) && Contains("\"lable\"") && Contains("data.label") && Contains("label"));
  CHECK_THAT(OpenError(folder.Write("2.csv", "a,text,text\n"), {{"text"}, ""}), Contains("two columns"));
}

TEST_CASE("A file without a usable header is told") {
  DataFolder folder;
  CHECK_THAT(OpenError(folder.Write("1.csv", ""), {{"text"}, "label"}), Contains("is empty"));
  CHECK_THAT(OpenError(folder.Write("2.csv", "text,\"label\n"), {{"text"}, "label"}), Contains("2.csv:1: the header"));
  CHECK_THAT(OpenError(folder.Write("3.csv", "te\xFFxt,label\n"), {{"text"}, "label"}), Contains("not UTF-8"));
  CHECK_THAT(OpenError(folder.Write("4.csv", std::string_view("\xFF\xFEt\0e\0", 6)), {{"text"}, "label"}),
             Contains("UTF-16"));
}

TEST_CASE("A malformed row is told with file, line, reason and remedy") {
  CHECK_THAT(RowError("text,label\na,1\nb\nc,1\n"), StartsWith("rows.csv:3: 1 field, but the header names 2"));
  CHECK_THAT(RowError("text,label\na,b,1\n"), StartsWith("rows.csv:2: 3 fields") && Contains("quotes"));
  CHECK_THAT(RowError("text,label\na 5\" pipe,1\n"), StartsWith("rows.csv:2: ") && Contains("inside a field"));
  CHECK_THAT(RowError("text,label\n\"a\" b,1\n"), StartsWith("rows.csv:2: ") && Contains("closing quote"));
  CHECK_THAT(RowError("text,label\na,1\n\"b,1\nc,1\n"), StartsWith("rows.csv:3: ") && Contains("never closed"));
  CHECK_THAT(RowError("text,label\na\rb,1\n"), StartsWith("rows.csv:2: ") && Contains("carriage return"));
  CHECK_THAT(RowError("text,label\n\xED\x95,1\n"), StartsWith("rows.csv:2: byte 0xED is not valid UTF-8"));
  CHECK_THAT(RowError("text,label\na,\n"), StartsWith("rows.csv:2: the label (column \"label\") is empty"));
}

TEST_CASE("Lines are counted as they stand in the file, also after quoted line breaks and in the middle of a file") {
  std::string contents = "text,label\n";
  for (int i = 0; i < 200; ++i) contents += "\"two\nlines\",1\r\n";
  contents += "bad\n\"good\",1\n";
  for (uint64_t piece_bytes : {1 << 20, 1000, 100, 10}) {
    CAPTURE(piece_bytes);
    CHECK_THAT(RowError(contents, piece_bytes), StartsWith("rows.csv:402: "));
  }
}

TEST_CASE("Broken quotes cost as many rows as lines they swallow") {
  DataFolder folder;
  const std::string file = folder.Write("1.csv", "text,label\n\"open,1\nb,1\nc,\"1\"\nd,1\nbad\n");
  auto input = CsvInput::Open({file}, {{"text"}, "label"}, {}, 1);
  REQUIRE(input.ok());
  CsvRows rows(*(*input)->pieces()[0].table, (*input)->pieces()[0].range);
  REQUIRE(rows.Next());
  CHECK(rows.malformed());
  CHECK(rows.rows_lost() == 3);
  REQUIRE(rows.Next());
  CHECK(rows.text() == "d");
  REQUIRE(rows.Next());
  CHECK(rows.malformed());
  CHECK(rows.rows_lost() == 1);
  CHECK(!rows.Next());
}

TEST_CASE("Rows that are not UTF-8 are found one by one among many that are") {
  const uint64_t seed = 9;
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::string contents = "text,label\n";
    std::vector<Row> expected;
    for (int row = 0; row < 1500; ++row) {
      std::string text = HardText(&random, random() % (row % 100 == 0 ? 2000 : 12), round % 4 == 0 || random() % 9 > 0);
      text.erase(std::remove_if(text.begin(), text.end(), [](char c) { return c == '"' || c == '\r'; }), text.end());
      contents += "\"" + text + "\",1\n";
      expected.push_back(PlainValidPrefix(text) == text.size() ? Row{text, "1"} : Row{"malformed", ""});
    }
    for (uint64_t piece_bytes : {1 << 20, 20000, 500}) {
      INFO("seed " << seed << ", round " << round << ", pieces of " << piece_bytes);
      DataFolder folder;
      std::vector<Row> rows = ReadRows({folder.Write("rows.csv", contents)}, {{"text"}, "label"}, piece_bytes);
      for (Row& row : rows) {
        if (row.text == "malformed") CHECK_THAT(row.label, Contains("is not valid UTF-8"));
        if (row.text == "malformed") row.label = "";
      }
      const bool same = rows == expected;
      REQUIRE(same);
    }
  }
}

TEST_CASE("A file of a header alone has no rows") {
  DataFolder folder;
  CHECK(ReadRows({folder.Write("1.csv", "text,label"), folder.Write("2.csv", "text,label\n")}, {{"text"}, "label"})
            .empty());
}

}  // namespace
}  // namespace pumasi
