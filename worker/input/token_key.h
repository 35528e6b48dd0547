#ifndef PUMASI_WORKER_INPUT_TOKEN_KEY_H_
#define PUMASI_WORKER_INPUT_TOKEN_KEY_H_

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace pumasi {

static_assert(std::endian::native == std::endian::little, "a key's two halves are the token's bytes in their order");

// A token as hash tables compare it: most tokens are at most 16 bytes long and are their key's two halves themselves,
// so that comparing them follows no pointer.
struct TokenKey {
  static constexpr size_t kInline = 16;

  // The token's bytes, filled up with zeros; of a longer token a hash, and where its bytes are.
  uint64_t first;
  uint64_t second;
  uint64_t size;
  // For tables in memory: never stored, never a reason for an order.
  uint64_t hash;

  static TokenKey Of(std::string_view token);
  static TokenKey OfInline(uint64_t first, uint64_t second, size_t size) {
    return {first, second, size, Mix(first ^ kA, second ^ kB ^ size)};
  }
  static TokenKey OfLong(std::string_view token);

  // Multiplies to 128 bits and folds them (the construction of wyhash).
  static uint64_t Mix(uint64_t a, uint64_t b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }
  static constexpr uint64_t kA = 0xA0761D6478BD642F, kB = 0xE7037ED1A0B428DB, kC = 0x8EBC6AF09C88C6E3;
};

inline TokenKey TokenKey::OfLong(std::string_view token) {
  const char* p = token.data();
  uint64_t hash = kC ^ token.size(), first, second;
  for (size_t left = token.size(); left > 16; p += 16, left -= 16) {
    std::memcpy(&first, p, 8);
    std::memcpy(&second, p + 8, 8);
    hash = Mix(first ^ kA, second ^ hash);
  }
  const char* const last = token.data() + token.size() - 16;
  std::memcpy(&first, last, 8);
  std::memcpy(&second, last + 8, 8);
  hash = Mix(first ^ kA, second ^ hash);
  return {hash, reinterpret_cast<uint64_t>(token.data()), token.size(), hash};
}

inline TokenKey TokenKey::Of(std::string_view token) {
  const char* const p = token.data();
  const size_t size = token.size();
  uint64_t first = 0, second = 0;
  if (size > kInline) return OfLong(token);
  if (size >= 8) {
    std::memcpy(&first, p, 8);
    std::memcpy(&second, p + size - 8, 8);
    // Two shifts: one by 64 would be undefined.
    second = second >> (64 - 4 * size) >> (64 - 4 * size);
  } else if (size >= 4) {
    uint32_t head, tail;
    std::memcpy(&head, p, 4);
    std::memcpy(&tail, p + size - 4, 4);
    first = head | uint64_t{tail} << (8 * (size - 4));  // where both have a byte, it is the same
  } else if (size > 0) {
    const auto byte = [&](size_t i) { return uint64_t{static_cast<unsigned char>(p[i])} << (8 * i); };
    first = byte(0) | byte(size / 2) | byte(size - 1);
  }
  return OfInline(first, second, size);
}

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TOKEN_KEY_H_
