#include "worker/input/line_escape.h"

#include <algorithm>

namespace pumasi {

void AppendEscapedLine(std::string_view text, std::string* line) {
  const auto is_plain = [](char c) { return c != '\\' && c != '\n' && c != '\r'; };
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    line->append(text);
    return;
  }
  for (const char c : text) {
    if (c == '\\') {
      line->append("\\\\");
    } else if (c == '\n') {
      line->append("\\n");
    } else if (c == '\r') {
      line->append("\\r");
    } else {
      line->push_back(c);
    }
  }
}

std::optional<std::string> UnescapeLine(std::string_view line) {
  std::string text;
  text.reserve(line.size());
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\') {
      text.push_back(line[i]);
      continue;
    }
    if (++i == line.size()) return std::nullopt;
    if (line[i] == '\\') {
      text.push_back('\\');
    } else if (line[i] == 'n') {
      text.push_back('\n');
    } else if (line[i] == 'r') {
      text.push_back('\r');
    } else {
      return std::nullopt;
    }
  }
  return text;
}

}  // namespace pumasi
