#include <immintrin.h>

#include "ops/product/flush_denormals.h"

#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma")

#include "ops/product/tile_avx512_loop.h"

namespace pumasi {
namespace {

__m512 EvenOf(__m512 pair) { return reinterpret_cast<__m512>(reinterpret_cast<__v16su>(pair) & 0xffff0000u); }
__m512 OddOf(__m512 pair) { return reinterpret_cast<__m512>(reinterpret_cast<__v16su>(pair) << 16); }

struct Float32Steps {
  static __m512 Add(__m512 a, __m512 b, __m512 sum) { return _mm512_fmadd_ps(a, b, sum); }
};

struct Bf16Steps {
  static __m512 Add(__m512 a, __m512 b, __m512 sum) {
    return _mm512_fmadd_ps(OddOf(a), OddOf(b), _mm512_fmadd_ps(EvenOf(a), EvenOf(b), sum));
  }
};

}  // namespace
}  // namespace pumasi

#pragma GCC pop_options

namespace pumasi {

void Avx512Tile(const Tile& tile) { RunTile<Float32Steps>(tile); }

void Avx512TwoStepBf16Tile(const Tile& tile) {
  const FlushDenormals flush;
  RunTile<Bf16Steps>(tile);
}

}  // namespace pumasi
