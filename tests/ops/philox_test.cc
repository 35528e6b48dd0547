#include "ops/philox.h"

#include <catch2/catch.hpp>
#include <vector>

namespace pumasi {
namespace {

std::vector<uint32_t> Words(uint64_t key, const PhiloxBlock& counter) {
  const PhiloxBlock block = Philox(key, counter);
  return {block.word[0], block.word[1], block.word[2], block.word[3]};
}

TEST_CASE("Philox gives the known answers of the Random123 library") {
  CHECK(Words(0, {{0, 0, 0, 0}}) == std::vector<uint32_t>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(Words(0xffffffffffffffff, {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}) ==
        std::vector<uint32_t>{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(Words(0x299f31d0a4093822, {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}) ==
        std::vector<uint32_t>{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

}  // namespace
}  // namespace pumasi
