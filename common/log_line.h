// How an event becomes a line.
#ifndef PUMASI_COMMON_LOG_LINE_H_
#define PUMASI_COMMON_LOG_LINE_H_

#include <initializer_list>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/log.h"

namespace pumasi {

// The examples in common/log.h, without the end of the line. `node` may be empty.
std::string TextLine(absl::Time time, Severity severity, absl::string_view node, std::initializer_list<LogField> fields,
                     absl::string_view message);
std::string JsonLine(absl::Time time, Severity severity, absl::string_view node, std::initializer_list<LogField> fields,
                     absl::string_view message);

}  // namespace pumasi

#endif  // PUMASI_COMMON_LOG_LINE_H_
