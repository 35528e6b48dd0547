#include "common/utf8.h"

#include <cstddef>

namespace pumasi {

char32_t TakeCodePoint(absl::string_view* text) {
  const auto first = static_cast<unsigned char>(text->front());
  size_t length;
  char32_t point, least;
  if (first < 0x80) {
    length = 1, point = first, least = 0;
  } else if (first >> 5 == 0x6) {
    length = 2, point = first & 0x1F, least = 0x80;
  } else if (first >> 4 == 0xE) {
    length = 3, point = first & 0x0F, least = 0x800;
  } else if (first >> 3 == 0x1E) {
    length = 4, point = first & 0x07, least = 0x10000;
  } else {
    length = 0, point = 0, least = 0;
  }
  bool valid = length > 0 && length <= text->size();
  for (size_t i = 1; valid && i < length; ++i) {
    const auto byte = static_cast<unsigned char>((*text)[i]);
    valid = byte >> 6 == 0x2;
    point = point << 6 | (byte & 0x3F);
  }
  valid = valid && point >= least && point <= 0x10FFFF && !(point >= 0xD800 && point <= 0xDFFF);
  text->remove_prefix(valid ? length : 1);
  return valid ? point : kInvalidCodePoint;
}

bool IsValidUtf8(absl::string_view text) {
  while (!text.empty()) {
    if (TakeCodePoint(&text) == kInvalidCodePoint) return false;
  }
  return true;
}

}  // namespace pumasi
