#ifndef PUMASI_WORKER_INPUT_TOKEN_HASH_H_
#define PUMASI_WORKER_INPUT_TOKEN_HASH_H_

#include <cstdint>
#include <cstring>
#include <string_view>

namespace pumasi {

// A fast 64-bit hash of short text, for tables in memory: never stored, never a reason for an order. Multiplies 64-bit
// pieces to 128 bits and folds them (the construction of wyhash).
inline uint64_t HashToken(std::string_view token) {
  const auto mix = [](uint64_t a, uint64_t b) {
    const unsigned __int128 product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  constexpr uint64_t kA = 0xA0761D6478BD642F, kB = 0xE7037ED1A0B428DB, kC = 0x8EBC6AF09C88C6E3;
  const char* p = token.data();
  size_t left = token.size();
  uint64_t hash = kC ^ left;
  uint64_t first, second;
  for (; left > 16; p += 16, left -= 16) {
    std::memcpy(&first, p, 8);
    std::memcpy(&second, p + 8, 8);
    hash = mix(first ^ kA, second ^ hash);
  }
  if (left >= 8) {
    std::memcpy(&first, p, 8);
    std::memcpy(&second, p + left - 8, 8);
  } else if (left >= 4) {
    uint32_t low, high;
    std::memcpy(&low, p, 4);
    std::memcpy(&high, p + left - 4, 4);
    first = low;
    second = high;
  } else {
    first = left == 0
                ? 0
                : uint64_t{static_cast<unsigned char>(p[0])} << 16 |
                      uint64_t{static_cast<unsigned char>(p[left / 2])} << 8 | static_cast<unsigned char>(p[left - 1]);
    second = 0;
  }
  return mix(kB ^ left, mix(first ^ kA, second ^ hash));
}

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_TOKEN_HASH_H_
