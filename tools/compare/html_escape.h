// Text and data made harmless inside a page.
#ifndef PUMASI_TOOLS_COMPARE_HTML_ESCAPE_H_
#define PUMASI_TOOLS_COMPARE_HTML_ESCAPE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "tools/cli/json.h"

namespace pumasi {

// For text between tags and in quoted attributes: & < > " ' are written out, and what could steer a terminal or turn
// the direction of writing is as EscapeControls writes it (common/escape.h).
std::string HtmlText(absl::string_view text);

// JSON for the inside of a script element: no <, > or & is left, so nothing in it can end the element or begin a
// comment, and no line separator of Unicode. It parses to the same value.
std::string ScriptJson(const Json& json);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_HTML_ESCAPE_H_
