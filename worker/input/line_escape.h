#ifndef PUMASI_WORKER_INPUT_LINE_ESCAPE_H_
#define PUMASI_WORKER_INPUT_LINE_ESCAPE_H_

#include <optional>
#include <string>
#include <string_view>

namespace pumasi {

// Appends `text` so that it fills no more than one line: \ becomes \\, a line feed \n, a carriage return \r.
void AppendEscapedLine(std::string_view text, std::string* line);

// The text that AppendEscapedLine wrote, or nothing where `line` holds another escape.
std::optional<std::string> UnescapeLine(std::string_view line);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_LINE_ESCAPE_H_
