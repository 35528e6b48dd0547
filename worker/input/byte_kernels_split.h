// How ByteKernels part text into tokens, over a `Block` as byte_kernels_loops.h has it.
#ifndef PUMASI_WORKER_INPUT_BYTE_KERNELS_SPLIT_H_
#define PUMASI_WORKER_INPUT_BYTE_KERNELS_SPLIT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/input/byte_kernels_loops.h"
#include "worker/input/decode_utf8.h"
#include "worker/input/token_key.h"
#include "worker/input/unicode_classes.h"

namespace pumasi {
namespace {

// What a Block writes where its instruction set has nothing better.
struct PlainWriter {
  static TokenKey InlineKey(std::string_view token) { return TokenKey::Of(token); }
  // Base plus the number of each bit that is set, `count` of them. Goes in steps of a fixed size, beyond the last bit,
  // too, and takes the first one in any case: most blocks need one step at most, which the processor foresees.
  static void WritePlaces(uint32_t base, uint64_t bits, int count, uint32_t* places) {
    constexpr int kStep = 4;
    int done = 0;
    do {
      for (int i = 0; i < kStep; ++i) {
        places[done + i] = base + CountZeros(bits);
        bits &= bits - 1;
      }
    } while ((done += kStep) < count);
  }
  // The `count` tokens that end at `ends` in the block at `p`. The first begins at `token`, the k-th at the k-th of
  // `starts`. In steps, likewise.
  static void WriteTokens(const char* p, const char* token, uint64_t starts, uint64_t ends, int count,
                          std::string_view* tokens) {
    for (int done = 0; done < count; done += kSplitStep) {
      for (int i = 0; i < kSplitStep; ++i) {
        starts &= starts - 1;
        tokens[done + i] = std::string_view(token, p + CountZeros(ends) - token);
        ends &= ends - 1;
        token = p + CountZeros(starts);
      }
    }
  }
};

// Bit i of what `part` says of each block tells whether byte i of the block parts tokens; bits past the text's end are
// set, too. Blocks are asked for in order.
template <typename Block, typename Part>
size_t SplitRuns(const char* bytes, size_t size, Part part, std::string_view* tokens) {
  std::string_view* const first = tokens;
  const char* token = bytes;   // where the token that is open begins, if one is
  uint64_t parted_before = 1;  // whether the byte before the block parts: no token is open
  for (size_t at = 0; at < size; at += kBlockBytes) {
    const char* const p = bytes + at;
    const uint64_t parted = part(p, size - at);
    const uint64_t before = parted << 1 | parted_before;
    const uint64_t starts = ~parted & before, ends = parted & ~before;
    if (parted_before != 0) token = p + CountZeros(starts);
    const int count = __builtin_popcountll(ends);
    Block::WriteTokens(p, token, starts | (parted_before ^ 1), ends, count, tokens);
    tokens += count;
    if (starts != 0) token = p + 63 - __builtin_clzll(starts);
    parted_before = parted >> 63;
  }
  if (parted_before == 0) *tokens++ = std::string_view(token, bytes + size - token);
  return tokens - first;
}

inline uint64_t PastEnd(size_t left) { return left < kBlockBytes ? ~uint64_t{0} << left : 0; }
// The lowest `count` bits, count < 64.
inline uint64_t Low(int count) { return (uint64_t{1} << count) - 1; }

// How many bytes the white space wider than ASCII at `p` takes; 0: there is none.
inline int WideWhite(const char* p, size_t left) {
  const char* after = p;
  return IsWhiteSpace(DecodeUtf8(after, p + left)) ? static_cast<int>(after - p) : 0;
}

// The bytes of a block at which white space wider than ASCII may begin, by their first two bytes.
template <typename Block>
uint64_t MaybeWideWhite(const Block& block) {
  // Whether the next byte is that; the last one's may be.
  const auto then = [&](uint64_t mask) { return mask >> 1 | uint64_t{1} << 63; };
  const uint64_t zero = block.Equal('\x80');
  return (block.Equal('\xE3') & then(zero)) | (block.Equal('\xE2') & then(zero | block.Equal('\x81'))) |
         (block.Equal('\xE1') & then(block.Equal('\x9A'))) |
         (block.Equal('\xC2') & then(block.Equal('\x85') | block.Equal('\xA0')));
}

template <typename Block>
size_t SplitWhite(const char* bytes, size_t size, std::string_view* tokens) {
  int spill = 0;  // bytes of the block that belong to white space begun in the one before
  const auto part = [&](const char* p, size_t left) {
    const Block block = Block::LoadUpTo(p, left);
    uint64_t white = block.AsciiWhite() | PastEnd(left);
    if (__builtin_expect((block.Equal('\xC2') | block.In('\xE1', 2)) == 0 && spill == 0, 1)) return white;
    white |= Low(spill);
    spill = 0;
    for (uint64_t maybe = MaybeWideWhite(block); maybe != 0; maybe &= maybe - 1) {
      const int place = __builtin_ctzll(maybe);
      const int length = WideWhite(p + place, left - place);
      white |= Low(length) << place;
      if (place + length > 64) spill = place + length - 64;
    }
    return white;
  };
  return SplitRuns<Block>(bytes, size, part, tokens);
}

// Whether the code point at `p`, which is not ASCII, stands in a word; `p` moves past it.
inline bool TakeInWord(const UnicodeClasses& classes, const char*& p, const char* end) {
  if ((*p & 0xF0) == 0xE0 && end - p >= 3 && (p[1] & 0xC0) == 0x80 && (p[2] & 0xC0) == 0x80) {
    const UnicodeClasses::Block block = classes.WordBlock((p[0] & 0x0F) << 6 | (p[1] & 0x3F));
    if (block != UnicodeClasses::kMixed) {
      p += 3;
      return block == UnicodeClasses::kYes;
    }
  }
  return classes.InWord(DecodeUtf8(p, end));
}

template <typename Block>
size_t SplitWords(const char* bytes, size_t size, const UnicodeClasses& classes, std::string_view* tokens) {
  const char* const end = bytes + size;
  // The first bytes of the block that belong to a character begun in the one before, and whether that is in a word.
  int spill = 0;
  bool spill_in_word = false;
  const auto part = [&](const char* p, size_t left) {
    const Block block = Block::LoadUpTo(p, left);
    uint64_t word = block.AsciiWord();
    uint64_t high = block.In('\x80', 0xFF - 0x80) & ~Low(spill);
    if (spill_in_word) word |= Low(spill);
    spill = 0;
    if (high != 0) {
      // Hangul at once: the syllables U+AC00 to U+D77F and the letters U+3140 to U+317F.
      const Block second = Block::LoadUpTo(p + std::min<size_t>(left, 1), left - std::min<size_t>(left, 1));
      const Block third = Block::LoadUpTo(p + std::min<size_t>(left, 2), left - std::min<size_t>(left, 2));
      const uint64_t continues = second.In('\x80', 0xBF - 0x80) & third.In('\x80', 0xBF - 0x80);
      const uint64_t hangul =
          continues &
          (block.In('\xEB', 1) | (block.Equal('\xEA') & second.In('\xB0', 0xBF - 0xB0)) |
           (block.Equal('\xED') & second.In('\x80', 0x9D - 0x80)) | (block.Equal('\xE3') & second.Equal('\x85')));
      const uint64_t whole = hangul | hangul << 1 | hangul << 2;
      word |= whole;
      // A character that begins in the last byte but one spills one byte, one in the last byte two.
      spill = hangul >> 63 ? 2 : static_cast<int>(hangul >> 62 & 1);
      spill_in_word = true;
      high &= ~whole;
      // The others one by one.
      while (high != 0) {
        const int place = __builtin_ctzll(high);
        const char* after = p + place;
        const bool in_word = TakeInWord(classes, after, end);
        const int length = static_cast<int>(after - p) - place;
        const uint64_t bits = Low(length) << place;
        high &= ~bits;
        if (in_word) word |= bits;
        if (place + length > 64) {
          spill = place + length - 64;
          spill_in_word = in_word;
        }
      }
    }
    return ~word | PastEnd(left);
  };
  return SplitRuns<Block>(bytes, size, part, tokens);
}

}  // namespace
}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_BYTE_KERNELS_SPLIT_H_
