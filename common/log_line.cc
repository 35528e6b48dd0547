#include "common/log_line.h"

#include "absl/strings/str_cat.h"
#include "common/escape.h"

namespace pumasi {
namespace {

std::string TimeText(absl::Time time) { return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()); }

// Of one width, so that columns line up.
absl::string_view TextName(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "DEBUG";
    case Severity::kInfo:
      return "INFO ";
    case Severity::kWarn:
      return "WARN ";
    case Severity::kError:
      return "ERROR";
  }
  return "ERROR";
}

absl::string_view JsonName(Severity severity) {
  switch (severity) {
    case Severity::kDebug:
      return "debug";
    case Severity::kInfo:
      return "info";
    case Severity::kWarn:
      return "warn";
    case Severity::kError:
      return "error";
  }
  return "error";
}

// A value that could be taken for more than one word, or for another field, is quoted.
std::string TextValue(absl::string_view value) {
  const std::string escaped = EscapeControls(value);
  const bool plain = !escaped.empty() && escaped.find_first_of(" \"=") == std::string::npos;
  if (plain) return escaped;
  std::string quoted = "\"";
  for (const char c : escaped) {
    if (c == '"') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// JSON has no inf and nan.
std::string JsonValue(const LogField& field) {
  const bool plain = field.is_number && field.value.find_first_not_of("0123456789+-.e") == std::string::npos;
  return plain ? field.value : JsonString(field.value);
}

}  // namespace

std::string TextLine(absl::Time time, Severity severity, absl::string_view node, std::initializer_list<LogField> fields,
                     absl::string_view message) {
  std::string line = absl::StrCat(TimeText(time), " ", TextName(severity));
  if (!node.empty()) absl::StrAppend(&line, " ", TextValue(node));
  for (const LogField& field : fields) absl::StrAppend(&line, " ", field.key, "=", TextValue(field.value));
  absl::StrAppend(&line, " ", EscapeControls(message));
  return line;
}

std::string JsonLine(absl::Time time, Severity severity, absl::string_view node, std::initializer_list<LogField> fields,
                     absl::string_view message) {
  std::string line = absl::StrCat("{\"time\":\"", TimeText(time), "\",\"level\":\"", JsonName(severity), "\"");
  if (!node.empty()) absl::StrAppend(&line, ",\"node\":", JsonString(node));
  for (const LogField& field : fields) absl::StrAppend(&line, ",", JsonString(field.key), ":", JsonValue(field));
  absl::StrAppend(&line, ",\"message\":", JsonString(message), "}");
  return line;
}

}  // namespace pumasi
