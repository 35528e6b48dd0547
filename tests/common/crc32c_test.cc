#include "common/crc32c.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>
#include <vector>

namespace pumasi {
namespace {

// Bit by bit, as the polynomial is defined (0x1EDC6F41, reflected).
uint32_t PlainCrc32c(const std::vector<uint8_t>& data) {
  uint32_t crc = 0xFFFFFFFF;
  for (const uint8_t byte : data) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78 : 0);
  }
  return ~crc;
}

TEST_CASE("CRC32C gives the standard's check values") {
  CHECK(Crc32c("") == 0);
  CHECK(Crc32c("123456789") == 0xE3069283);
  // RFC 3720 B.4
  CHECK(Crc32c(std::string(32, '\0')) == 0x8A9136AA);
  CHECK(Crc32c(std::string(32, '\xff')) == 0x62A8AB43);
}

TEST_CASE("CRC32C of random data in random pieces agrees with the bitwise definition") {
  const uint32_t seed = 7;
  CAPTURE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<uint8_t> data(random() % 3000);
    for (uint8_t& byte : data) byte = static_cast<uint8_t>(random());
    const size_t cut = data.empty() ? 0 : random() % data.size();
    const uint32_t first = Crc32c(data.data(), cut);
    CHECK(Crc32c(data.data() + cut, data.size() - cut, first) == PlainCrc32c(data));
    CHECK(Crc32c(data.data(), data.size()) == PlainCrc32c(data));
  }
}

}  // namespace
}  // namespace pumasi
