// Text of users and peers, made harmless for a log line, a terminal or JSON.
#ifndef PUMASI_COMMON_ESCAPE_H_
#define PUMASI_COMMON_ESCAPE_H_

#include <string>

#include "absl/strings/string_view.h"

namespace pumasi {

// The text with everything that could break a line, steer a terminal or turn the direction of writing written out:
// \n, \t, \r, \\, \u{1b}, and \xff for bytes that are not UTF-8. Other text, in any language, stays as it is.
std::string EscapeControls(absl::string_view text);

// The text as a JSON string, with its quotes. Bytes that are not UTF-8 become U+FFFD.
std::string JsonString(absl::string_view text);

}  // namespace pumasi

#endif  // PUMASI_COMMON_ESCAPE_H_
