#include "ops/threefry.h"

#include <catch2/catch.hpp>
#include <vector>

namespace pumasi {
namespace {

std::vector<uint32_t> Words(const ThreefryBlock& key, const ThreefryBlock& counter) {
  const ThreefryBlock block = Threefry(key, counter);
  return {block.word[0], block.word[1], block.word[2], block.word[3]};
}

TEST_CASE("Threefry gives the known answers of the Random123 library, for 13 rounds") {
  constexpr ThreefryBlock kZeros = {{0, 0, 0, 0}}, kOnes = {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}};
  CHECK(Words(kZeros, kZeros) == std::vector<uint32_t>{0x531c7e4f, 0x39491ee5, 0x2c855a92, 0x3d6abf9a});
  CHECK(Words(kOnes, kOnes) == std::vector<uint32_t>{0xc4189358, 0x1c9cc83a, 0xd5881c67, 0x6a0a89e0});
  CHECK(Words({{0xa4093822, 0x299f31d0, 0x082efa98, 0xec4e6c89}}, {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}) ==
        std::vector<uint32_t>{0x4aa71d8f, 0x734738c2, 0x431fc6a8, 0xae6debf1});
}

}  // namespace
}  // namespace pumasi
