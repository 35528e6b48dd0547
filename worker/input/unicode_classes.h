#ifndef PUMASI_WORKER_INPUT_UNICODE_CLASSES_H_
#define PUMASI_WORKER_INPUT_UNICODE_CLASSES_H_

#include <array>
#include <cstdint>

namespace pumasi {

// ICU's answers about single code points, in tables for the basic multilingual plane, so that the common case costs a
// look-up and whole blocks of 64 code points (the first two bytes of a three-byte UTF-8 sequence) can be told at once.
class UnicodeClasses {
 public:
  // Whether a word may hold the code point: letters (general category L), the marks that combine with them (M), decimal
  // digits (Nd), + and #. Marks count because many scripts write vowels with them, and because a letter with an accent
  // may come as two code points.
  bool InWord(char32_t code) const { return code < kTableSize ? Bit(in_word_, code) : InWordByIcu(code); }
  // Unicode's simple lower-case mapping of one code point to one code point.
  char32_t Lower(char32_t code) const { return code < kTableSize && !Bit(has_lower_, code) ? code : LowerByIcu(code); }

  enum Block : uint8_t { kNo, kYes, kMixed };
  // Of the code points 64 * block … 64 * block + 63, block < 1024: are all, none or some in words?
  Block WordBlock(uint32_t block) const { return word_block_[block]; }
  // Does lower-casing change any of them?
  bool LowerBlock(uint32_t block) const { return lower_block_[block]; }

  // The tables, made at first use. Thread-safe.
  static const UnicodeClasses& Get();

 private:
  static constexpr uint32_t kTableSize = 0x10000;
  using Bits = std::array<uint64_t, kTableSize / 64>;

  UnicodeClasses();
  static bool Bit(const Bits& bits, uint32_t code) { return bits[code / 64] >> (code % 64) & 1; }
  static bool InWordByIcu(char32_t code);
  static char32_t LowerByIcu(char32_t code);

  Bits in_word_ = {};
  Bits has_lower_ = {};
  std::array<Block, kTableSize / 64> word_block_ = {};
  std::array<bool, kTableSize / 64> lower_block_ = {};
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_UNICODE_CLASSES_H_
