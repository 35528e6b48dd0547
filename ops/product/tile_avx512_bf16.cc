#include <immintrin.h>

#include "ops/product/tile.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma")

#include "ops/product/tile_avx512_loop.h"

namespace pumasi {
namespace {

// The instruction adds the upper halves' product, then the lower halves', each fused and rounded to nearest even, with
// denormals as zero, whatever the thread's mode.
struct Bf16Steps {
  static __m512 Add(__m512 a, __m512 b, __m512 sum) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

}  // namespace
}  // namespace pumasi

#pragma GCC pop_options

namespace pumasi {

void Avx512Bf16Tile(const Tile& tile) { RunTile<Bf16Steps>(tile); }

}  // namespace pumasi
