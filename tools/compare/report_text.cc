#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/escape.h"
#include "tools/compare/report.h"
#include "tools/compare/table.h"

namespace pumasi {
namespace {

constexpr size_t kWidth = 100;

// Characters of UTF-8, each taken to be one column wide.
size_t Columns(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string TableText(const Table& table) {
  std::vector<std::vector<std::string>> lines = {table.head};
  lines.insert(lines.end(), table.rows.begin(), table.rows.end());
  std::vector<size_t> widths(table.head.size(), 0);
  for (auto& line : lines) {
    for (size_t i = 0; i < line.size(); ++i) {
      line[i] = EscapeControls(line[i]);
      widths[i] = std::max(widths[i], Columns(line[i]));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string space(widths[i] - Columns(line[i]), ' ');
      absl::StrAppend(&row, i > 0 ? "  " : "", i > 0 ? space : "", line[i], i > 0 ? "" : space);
    }
    absl::StrAppend(&text, row, "\n");
  }
  return text;
}

std::string Wrapped(const std::string& text) {
  std::string lines, line;
  for (const auto word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (!line.empty() && Columns(line) + 1 + word.size() > kWidth) {
      absl::StrAppend(&lines, line, "\n");
      line.clear();
    }
    absl::StrAppend(&line, line.empty() ? "" : " ", word);
  }
  return absl::StrCat(lines, line, "\n");
}

}  // namespace

std::string ReportText(const Report& report) {
  std::string text;
  for (const Table& table : SummaryTables(report.comparison, report.summaries)) {
    absl::StrAppend(&text, TableText(table), "\n");
  }
  for (const std::string& warning : Warnings(report.comparison)) {
    absl::StrAppend(&text, Wrapped(EscapeControls("warning: " + warning)));
  }
  for (const std::string* part : {&report.verdict.use, &report.verdict.limits, &report.verdict.change}) {
    if (!part->empty()) absl::StrAppend(&text, Wrapped(EscapeControls(*part)));
  }
  return text;
}

}  // namespace pumasi
