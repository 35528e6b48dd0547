#include "worker/input/unicode_classes.h"

#include <unicode/uchar.h>

namespace pumasi {

UnicodeClasses::UnicodeClasses() {
  for (uint32_t code = 0; code < kTableSize; ++code) {
    in_word_[code / 64] |= uint64_t{InWordByIcu(code)} << (code % 64);
    has_lower_[code / 64] |= uint64_t{LowerByIcu(code) != code} << (code % 64);
  }
  for (uint32_t block = 0; block < kTableSize / 64; ++block) {
    word_block_[block] = in_word_[block] == 0 ? kNo : in_word_[block] == ~uint64_t{0} ? kYes : kMixed;
    lower_block_[block] = has_lower_[block] != 0;
  }
}

const UnicodeClasses& UnicodeClasses::Get() {
  static const UnicodeClasses classes;
  return classes;
}

bool UnicodeClasses::InWordByIcu(char32_t code) {
  constexpr uint32_t kWord = U_GC_L_MASK | U_GC_M_MASK | U_GC_ND_MASK;
  return code == '+' || code == '#' || (U_GET_GC_MASK(static_cast<UChar32>(code)) & kWord) != 0;
}

char32_t UnicodeClasses::LowerByIcu(char32_t code) { return u_tolower(static_cast<UChar32>(code)); }

}  // namespace pumasi
