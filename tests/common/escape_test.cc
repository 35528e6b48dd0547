#include "common/escape.h"

#include <catch2/catch.hpp>
#include <string>

#include "common/utf8.h"

namespace pumasi {
namespace {

TEST_CASE("text stays as it is, in any language") {
  CHECK(EscapeControls("plain, \"quoted\" text") == "plain, \"quoted\" text");
  CHECK(EscapeControls("품앗이 é 🙂") == "품앗이 é 🙂");
  CHECK(JsonString("품앗이 é 🙂") == "\"품앗이 é 🙂\"");
}

TEST_CASE("what breaks lines, steers terminals or is no text is written out") {
  CHECK(EscapeControls("a\nb\r\tc\\") == "a\\nb\\r\\tc\\\\");
  CHECK(EscapeControls("\x1b[31m") == "\\u{1b}[31m");
  CHECK(EscapeControls(std::string("\0\x7f", 2)) == "\\u{0}\\u{7f}");
  CHECK(EscapeControls("\xc2\x85|\xe2\x80\xa8|\xe2\x80\xae") == "\\u{85}|\\u{2028}|\\u{202e}");
  CHECK(EscapeControls("a\xff\xc3") == "a\\xff\\xc3");
  CHECK(JsonString("a\"\\\n\x01\xff") == "\"a\\\"\\\\\\n\\u0001\\ufffd\"");
}

TEST_CASE("UTF-8 is read strictly") {
  CHECK(IsValidUtf8(""));
  CHECK(IsValidUtf8("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x99\x82\xf4\x8f\xbf\xbf"));
  CHECK_FALSE(IsValidUtf8("\xc3"));              // cut off
  CHECK_FALSE(IsValidUtf8("\xa9"));              // continuation alone
  CHECK_FALSE(IsValidUtf8("\xc0\x80"));          // overlong
  CHECK_FALSE(IsValidUtf8("\xe0\x9f\xbf"));      // overlong
  CHECK_FALSE(IsValidUtf8("\xed\xa0\x80"));      // surrogate
  CHECK_FALSE(IsValidUtf8("\xf4\x90\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(IsValidUtf8("\xf8\x88\x80\x80\x80"));
}

TEST_CASE("every code point is read back from its encoding") {
  for (char32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    std::string text;
    if (point < 0x80) {
      text = {static_cast<char>(point)};
    } else if (point < 0x800) {
      text = {static_cast<char>(0xC0 | point >> 6), static_cast<char>(0x80 | (point & 63))};
    } else if (point < 0x10000) {
      text = {static_cast<char>(0xE0 | point >> 12), static_cast<char>(0x80 | (point >> 6 & 63)),
              static_cast<char>(0x80 | (point & 63))};
    } else {
      text = {static_cast<char>(0xF0 | point >> 18), static_cast<char>(0x80 | (point >> 12 & 63)),
              static_cast<char>(0x80 | (point >> 6 & 63)), static_cast<char>(0x80 | (point & 63))};
    }
    absl::string_view rest = text;
    if (TakeCodePoint(&rest) != point || !rest.empty()) FAIL("code point " << static_cast<unsigned>(point));
  }
}

}  // namespace
}  // namespace pumasi
