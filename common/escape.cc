#include "common/escape.h"

#include "absl/strings/str_format.h"
#include "common/utf8.h"

namespace pumasi {
namespace {

bool IsControl(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) ||                            // C0, DEL, C1
         point == 0x2028 || point == 0x2029 ||                                          // line and paragraph separator
         (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);  // direction of writing
}

}  // namespace

std::string EscapeControls(absl::string_view text) {
  std::string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const absl::string_view before = text;
    const char32_t point = TakeCodePoint(&text);
    const absl::string_view bytes = before.substr(0, before.size() - text.size());
    if (point == kInvalidCodePoint) {
      absl::StrAppendFormat(&result, "\\x%02x", static_cast<unsigned char>(bytes[0]));
    } else if (point == '\n') {
      result += "\\n";
    } else if (point == '\r') {
      result += "\\r";
    } else if (point == '\t') {
      result += "\\t";
    } else if (point == '\\') {
      result += "\\\\";
    } else if (IsControl(point)) {
      absl::StrAppendFormat(&result, "\\u{%x}", static_cast<unsigned>(point));
    } else {
      result.append(bytes.data(), bytes.size());
    }
  }
  return result;
}

std::string JsonString(absl::string_view text) {
  std::string result = "\"";
  result.reserve(text.size() + 2);
  while (!text.empty()) {
    const absl::string_view before = text;
    const char32_t point = TakeCodePoint(&text);
    const absl::string_view bytes = before.substr(0, before.size() - text.size());
    if (point == kInvalidCodePoint) {
      result += "\\ufffd";
    } else if (point == '"' || point == '\\') {
      result += '\\';
      result += static_cast<char>(point);
    } else if (point == '\n') {
      result += "\\n";
    } else if (IsControl(point)) {
      absl::StrAppendFormat(&result, "\\u%04x", static_cast<unsigned>(point));
    } else {
      result.append(bytes.data(), bytes.size());
    }
  }
  result += '"';
  return result;
}

}  // namespace pumasi
