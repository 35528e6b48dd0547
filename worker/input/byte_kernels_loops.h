// The loops of ByteKernels over a `Block` of 64 bytes, which each instruction set has its own of. Included where the
// compiler targets that set; all of it is local to the including file, so that no other file runs its instructions.
#ifndef PUMASI_WORKER_INPUT_BYTE_KERNELS_LOOPS_H_
#define PUMASI_WORKER_INPUT_BYTE_KERNELS_LOOPS_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/input/token_key.h"

namespace pumasi {
namespace {

constexpr size_t kBlockBytes = 64;
constexpr int kSplitStep = 8;

// The byte that matters to CSV, if any, among those with the same lower half; elsewhere a byte with another lower half.
alignas(16) constexpr uint8_t kSpecialByLowHalf[16] = {1, 0, '"', 0, 0, 0, 0, 0, 0, 0, '\n', 0, ',', '\r', 0, 0};

// 64 for 0.
inline int CountZeros(uint64_t mask) { return std::countr_zero(mask); }

template <typename Block>
size_t FindCsv(const char* bytes, size_t size, uint32_t* places) {
  size_t count = 0;
  for (size_t at = 0; at < size; at += kBlockBytes) {
    const uint64_t bits = Block::LoadUpTo(bytes + at, size - at).CsvSpecials();  // what lies past the end is zeros
    const int here = __builtin_popcountll(bits);
    Block::WritePlaces(static_cast<uint32_t>(at), bits, here, places + count);
    count += here;
  }
  return count;
}

// What stands before an odd byte: ASCII, and characters without case from U+3000 on (Han, Hangul and the like, whole or
// in parts). Odd is what begins other characters, some of which have case.
template <typename Block>
size_t LowerCaseless(const char* from, size_t size, char* to) {
  for (size_t at = 0; at < size; at += kBlockBytes) {
    const Block block = Block::LoadUpTo(from + at, size - at);  // what lies past the end is zeros
    block.StoreLower(to + at);
    uint64_t odd = block.In('\xC0', 0xE2 - 0xC0) | block.In('\xEE', 0xFF - 0xEE);
    // U+A000 to U+ABFF have letters with case, Hangul begins with U+AC00.
    const uint64_t hangul = block.Equal('\xEA');
    if (hangul != 0) odd |= hangul & ~Block::LoadUpTo(from + at + 1, size - at - 1).In('\xB0', 0xBF - 0xB0);
    if (odd != 0) return at + CountZeros(odd);
  }
  return size;
}

template <typename Block>
bool MakeKeys(const std::string_view* tokens, size_t count, TokenKey* keys) {
  bool long_ones = false;
  for (size_t i = 0; i < count; ++i) {
    const bool is_long = tokens[i].size() > TokenKey::kInline;
    keys[i] = is_long ? TokenKey::OfLong(tokens[i]) : Block::InlineKey(tokens[i]);
    long_ones |= is_long;
  }
  return long_ones;
}

// Keiser and Lemire, "Validating UTF-8 in less than one instruction per byte" (2021): three look-ups by half bytes name
// the faults that two neighbouring bytes can have; a third or fourth byte must continue where a lead three or four
// bytes long says so, and nowhere else.
enum Utf8Fault : uint8_t {
  kTooShort = 1 << 0,      // a lead that no continuation follows
  kTooLong = 1 << 1,       // a continuation after ASCII
  kOverlong3 = 1 << 2,     // E0 80 … E0 9F
  kSurrogate = 1 << 4,     // ED A0 … ED BF
  kOverlong2 = 1 << 5,     // C0, C1
  kTooLarge1000 = 1 << 6,  // F5 … FF, F0 80 … F0 8F
  kTooLarge = 1 << 3,      // F4 90 …
  kTwoContinue = 1 << 7,   // two continuations: a fault unless they are the third or fourth byte
  kOverlong4 = kTooLarge1000,
  kCarry = kTooShort | kTooLong | kTwoContinue,
};

// By the upper half of the byte before.
alignas(16) constexpr uint8_t kBeforeHigh[16] = {kTooLong,
                                                 kTooLong,
                                                 kTooLong,
                                                 kTooLong,
                                                 kTooLong,
                                                 kTooLong,
                                                 kTooLong,
                                                 kTooLong,
                                                 kTwoContinue,
                                                 kTwoContinue,
                                                 kTwoContinue,
                                                 kTwoContinue,
                                                 kTooShort | kOverlong2,
                                                 kTooShort,
                                                 kTooShort | kOverlong3 | kSurrogate,
                                                 kTooShort | kTooLarge | kTooLarge1000 | kOverlong4};
// By the lower half of the byte before.
alignas(16) constexpr uint8_t kBeforeLow[16] = {
    kCarry | kOverlong3 | kOverlong2 | kOverlong4,
    kCarry | kOverlong2,
    kCarry,
    kCarry,
    kCarry | kTooLarge,
    kCarry | kTooLarge | kTooLarge1000,
    kCarry | kTooLarge | kTooLarge1000,
    kCarry | kTooLarge | kTooLarge1000,
    kCarry | kTooLarge | kTooLarge1000,
    kCarry | kTooLarge | kTooLarge1000,
    kCarry | kTooLarge | kTooLarge1000,
    kCarry | kTooLarge | kTooLarge1000,
    kCarry | kTooLarge | kTooLarge1000,
    kCarry | kTooLarge | kTooLarge1000 | kSurrogate,
    kCarry | kTooLarge | kTooLarge1000,
    kCarry | kTooLarge | kTooLarge1000,
};
// By the upper half of the byte itself.
alignas(16) constexpr uint8_t kHigh[16] = {
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooLong | kOverlong2 | kTwoContinue | kOverlong3 | kTooLarge1000 | kOverlong4,
    kTooLong | kOverlong2 | kTwoContinue | kOverlong3 | kTooLarge,
    kTooLong | kOverlong2 | kTwoContinue | kSurrogate | kTooLarge,
    kTooLong | kOverlong2 | kTwoContinue | kSurrogate | kTooLarge,
    kTooShort,
    kTooShort,
    kTooShort,
    kTooShort};

// Where the last character before `p` begins, if more than one byte long, else p. `p` has three bytes before it.
inline const char* LastCharacter(const char* p) {
  for (int back = 1; back <= 3; ++back) {
    const unsigned char byte = static_cast<unsigned char>(p[-back]);
    if (byte >= 0xC0) return p - back;
    if (byte < 0x80) break;
  }
  return p;
}

template <typename Block>
size_t SkipValidUtf8(const char* bytes, size_t size) {
  const char* p = bytes;
  for (; size >= kBlockBytes && Block::ContinuesUtf8(p); size -= kBlockBytes) p += kBlockBytes;
  return p == bytes ? 0 : LastCharacter(p) - bytes;
}

}  // namespace
}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_BYTE_KERNELS_LOOPS_H_
