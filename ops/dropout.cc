#include "ops/dropout.h"

#include <cmath>

#include "ops/philox.h"
#include "ops/vector_clones.h"

namespace pumasi {
namespace {

PUMASI_VECTOR_CLONES void WholeBlocks(uint64_t stream, const DropoutPlace& place, uint32_t threshold, float kept,
                                      size_t blocks, float* __restrict factors) {
  for (size_t block = 0; block < blocks; ++block) {
    const PhiloxBlock words =
        Philox(stream, {{static_cast<uint32_t>(block), place.row, place.step, static_cast<uint32_t>(place.use)}});
    for (int i = 0; i < 4; ++i) factors[block * 4 + i] = (words.word[i] >> 8) < threshold ? 0.0f : kept;
  }
}

}  // namespace

uint64_t DropoutStream(const DropoutKey& key, uint32_t layer) {
  const PhiloxBlock words = Philox(
      key.seed, {{static_cast<uint32_t>(key.version), static_cast<uint32_t>(key.version >> 32), key.part, layer}});
  return words.word[0] | static_cast<uint64_t>(words.word[1]) << 32;
}

void DropoutFactors(uint64_t stream, const DropoutPlace& place, double rate, size_t count, float* factors) {
  const uint32_t threshold = static_cast<uint32_t>(std::lround(rate * (1 << 24)));
  const float kept = static_cast<float>(1 / (1 - rate));
  const size_t blocks = count / 4;
  WholeBlocks(stream, place, threshold, kept, blocks, factors);
  if (count % 4 == 0) return;
  const PhiloxBlock words =
      Philox(stream, {{static_cast<uint32_t>(blocks), place.row, place.step, static_cast<uint32_t>(place.use)}});
  for (size_t i = 0; i < count % 4; ++i) {
    factors[blocks * 4 + i] = (words.word[i] >> 8) < threshold ? 0.0f : kept;
  }
}

}  // namespace pumasi
