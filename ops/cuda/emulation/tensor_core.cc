#include <cstring>

#include "ops/cuda/emulation/rounded.h"
#include "ops/cuda/tensor_core.cu.h"

namespace pumasi::cuda {
namespace {

uint32_t UpperHalf(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits >> 16;
}

float Half(uint32_t pair, int which) {
  const uint32_t bits = which == 0 ? pair << 16 : pair & 0xffff0000u;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

// What each lane brings.
struct Fragments {
  uint32_t a[4];
  uint32_t b[2];
};

const Fragments& Of(unsigned lane) { return *static_cast<const Fragments*>(emulation::WarpBytes(lane)); }

// Element (row, depth) of A, and (depth, column) of B.
float ElementOfA(unsigned row, unsigned depth) {
  const unsigned lane = row % 8 * 4 + depth % 8 / 2, which = (row >= 8) + 2 * (depth >= 8);
  return Half(Of(lane).a[which], depth % 2);
}
float ElementOfB(unsigned depth, unsigned column) {
  return Half(Of(column * 4 + depth % 8 / 2).b[depth >= 8], depth % 2);
}

}  // namespace

uint32_t PackPair(float low, float high) {
  return UpperHalf(emulation::RoundedToBf16(low)) | UpperHalf(emulation::RoundedToBf16(high)) << 16;
}

void MultiplyAdd(const uint32_t (&a)[4], const PairOfTwo& b, float (&d)[4]) {
  const Fragments own = {{a[0], a[1], a[2], a[3]}, {b.pair[0], b.pair[1]}};
  emulation::CheckMask(0xffffffffu);
  emulation::Publish(&own, sizeof own);
  const unsigned lane = threadIdx.x % kWarp, g = lane / 4, t = lane % 4;
  for (unsigned i = 0; i < 4; ++i) {
    const unsigned row = g + 8 * (i / 2), column = 2 * t + i % 2;
    for (unsigned depth = 0; depth < kTileDepth; ++depth) d[i] += ElementOfA(row, depth) * ElementOfB(depth, column);
  }
  emulation::SyncWarp();
}

}  // namespace pumasi::cuda
