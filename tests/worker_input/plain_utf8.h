// UTF-8 as the standard's table has it, byte by byte, to check fast code against; and text that is hard on such code.
#ifndef PUMASI_TESTS_WORKER_INPUT_PLAIN_UTF8_H_
#define PUMASI_TESTS_WORKER_INPUT_PLAIN_UTF8_H_

#include <random>
#include <string>
#include <string_view>

namespace pumasi {

// The length of the longest valid prefix: table 3-7 of the Unicode standard.
inline size_t PlainValidPrefix(std::string_view text) {
  const auto in = [&](size_t i, int low, int high) {
    return i < text.size() && static_cast<unsigned char>(text[i]) >= low && static_cast<unsigned char>(text[i]) <= high;
  };
  size_t i = 0;
  for (;;) {
    if (in(i, 0x00, 0x7F)) {
      i += 1;
    } else if (in(i, 0xC2, 0xDF) && in(i + 1, 0x80, 0xBF)) {
      i += 2;
    } else if (((in(i, 0xE0, 0xE0) && in(i + 1, 0xA0, 0xBF)) || (in(i, 0xE1, 0xEC) && in(i + 1, 0x80, 0xBF)) ||
                (in(i, 0xED, 0xED) && in(i + 1, 0x80, 0x9F)) || (in(i, 0xEE, 0xEF) && in(i + 1, 0x80, 0xBF))) &&
               in(i + 2, 0x80, 0xBF)) {
      i += 3;
    } else if (((in(i, 0xF0, 0xF0) && in(i + 1, 0x90, 0xBF)) || (in(i, 0xF1, 0xF3) && in(i + 1, 0x80, 0xBF)) ||
                (in(i, 0xF4, 0xF4) && in(i + 1, 0x80, 0x8F))) &&
               in(i + 2, 0x80, 0xBF) && in(i + 3, 0x80, 0xBF)) {
      i += 4;
    } else {
      return i;
    }
  }
}

// `pieces` pieces of text: letters of one to four bytes, white space of all widths and what looks like it, what matters
// to CSV, NULs, long runs; and, unless `valid`, parts of characters.
inline std::string HardText(std::mt19937_64* random, size_t pieces, bool valid) {
  static const std::string kValid[] = {
      "a",      "bc",     "é",      "ㅋㅋ",   "한국어", "😀",      " ",      " ",
      "  ",     "\t",     "\x1C",   "\x1B",   "\x7F",   "\u00A0", "\u0085", "\u00A1",
      "\u1680", "\u1681", "\u2003", "\u200B", "\u2028", "\u205F", "\u3000", "\u3001",
      "、",     ",",      "\n",     "\r\n",   "\"",     "\"\"",   ",,",     "0123456789abcdefghij"};
  static const std::string kBroken[] = {
      "\xC2",     "\xE1",         "\xE2\x80",     "\xE3\x80",         "\xE3", "\xED\xA0\x80", "\x80", "\xBF\xBF",
      "\xC0\x80", "\xE0\x80\x80", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5", "\xFF",         "\r"};
  std::string text;
  for (size_t i = 0; i < pieces; ++i) {
    switch ((*random)() % 40) {
      case 0:
        text.append((*random)() % 100, 'x');
        break;
      case 1:
        for (uint64_t n = (*random)() % 40; n > 0; --n) text += "한";
        break;
      case 2:
        text.push_back('\0');
        break;
      case 3:
        if (!valid) text += kBroken[(*random)() % std::size(kBroken)];
        break;
      default:
        text += kValid[(*random)() % std::size(kValid)];
    }
  }
  return text;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_WORKER_INPUT_PLAIN_UTF8_H_
