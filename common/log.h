// Logging: one line an event, for people or as JSON. Thread-safe.
//
//   Log(Severity::kInfo, "tables made", {{"job", id}, {"epoch", epoch}});
//
//   2026-01-02T03:04:05.678Z INFO  server-1 job=sections-1 epoch=2 tables made
//   {"time":"2026-01-02T03:04:05.678Z","level":"info","node":"server-1","job":"sections-1","epoch":2,"message":"tables
//   made"}
//
// Everything is escaped, so that no text of a peer or user can end a line or look like another field.
#ifndef PUMASI_COMMON_LOG_H_
#define PUMASI_COMMON_LOG_H_

#include <initializer_list>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace pumasi {

namespace v1 {
class Log;
}

enum class Severity { kDebug, kInfo, kWarn, kError };

// What an event is about. Usual keys, in this order: job, epoch, batch, peer.
struct LogField {
  LogField(absl::string_view key, absl::string_view value) : key(key), value(value) {}
  LogField(absl::string_view key, const std::string& value) : key(key), value(value) {}
  LogField(absl::string_view key, const char* value) : key(key), value(value) {}
  template <typename Number, typename = std::enable_if_t<std::is_arithmetic_v<Number>>>
  LogField(absl::string_view key, Number value) : key(key), value(absl::StrCat(value)), is_number(true) {}

  absl::string_view key;
  std::string value;
  bool is_number = false;
};

// Sets where and how this process logs, and its node's name. Before it, events from Info on go to standard error as
// text. Fails if the file can't be opened; may be called again.
absl::Status SetUpLogging(const v1::Log& settings, const std::string& node);

// Writes one event. Does not fail: what can't be written is lost.
void Log(Severity severity, absl::string_view message, std::initializer_list<LogField> fields = {});

// Would Log write events of this severity? For those that are dear to put together.
bool Logs(Severity severity);

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOG_H_
