#include "tools/compare/html_escape.h"

#include "absl/strings/str_replace.h"
#include "common/escape.h"

namespace pumasi {

std::string HtmlText(absl::string_view text) {
  return absl::StrReplaceAll(EscapeControls(text),
                             {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

std::string ScriptJson(const Json& json) {
  // Outside of strings JSON has none of these, and inside them \u is the same character.
  return absl::StrReplaceAll(
      ToLine(json),
      {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}, {"\xe2\x80\xa8", "\\u2028"}, {"\xe2\x80\xa9", "\\u2029"}});
}

}  // namespace pumasi
