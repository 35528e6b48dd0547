// The loop of the AVX-512 kernels. Included by them alone, behind <immintrin.h> and a #pragma that puts the instruction
// set in force: templates take the one at their definition.
#ifndef PUMASI_OPS_PRODUCT_TILE_AVX512_LOOP_H_
#define PUMASI_OPS_PRODUCT_TILE_AVX512_LOOP_H_

#include "ops/product/tile.h"

namespace pumasi {
namespace {

constexpr int kLanes = 16;

// Steps::Add(a, b, sum) adds one word's step to 16 sums.
template <typename Steps, int kRows, int kVectors>
void Block(const Tile& tile) {
  const __mmask16 last = static_cast<__mmask16>(0xffffu >> (kVectors * kLanes - tile.columns));
  __m512 sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 mask = v + 1 < kVectors ? static_cast<__mmask16>(0xffffu) : last;
      sum[r][v] =
          tile.start == nullptr ? _mm512_setzero_ps() : _mm512_maskz_loadu_ps(mask, tile.start[r] + v * tile.start_run);
    }
  }
  // C comes from a cache further out while the sums are made.
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) __builtin_prefetch(tile.c + r * tile.c_row + v * tile.c_run, 1);
  }
  const ProductWord* a_begin = tile.a;
  const ProductWord* b = tile.b;
  const ptrdiff_t a_row = tile.a_row, a_depth = tile.a_depth, b_depth = tile.b_depth;
  const int block = tile.a_block > 0 ? tile.a_block : tile.depth;
  for (int left = tile.depth; left > 0; left -= block, a_begin += tile.a_block_step) {
    const ProductWord* a = a_begin;
    for (int p = left < block ? left : block; p > 0; --p, a += a_depth, b += b_depth) {
      __m512 by[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) by[v] = _mm512_loadu_ps(b + v * kLanes);
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const __m512 x = _mm512_castsi512_ps(_mm512_set1_epi32(static_cast<int>(a[r * a_row])));
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[r][v] = Steps::Add(x, by[v], sum[r][v]);
      }
    }
  }
  float* c = tile.c;
  const ptrdiff_t c_row = tile.c_row, c_run = tile.c_run;
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r, c += c_row) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      const __mmask16 mask = v + 1 < kVectors ? static_cast<__mmask16>(0xffffu) : last;
      _mm512_mask_storeu_ps(c + v * c_run, mask, sum[r][v]);
    }
  }
}

template <typename Steps, int kRows>
void RunRows(const Tile& tile) {
  static constexpr TileKernel kByVectors[] = {Block<Steps, kRows, 1>, Block<Steps, kRows, 2>, Block<Steps, kRows, 3>,
                                              Block<Steps, kRows, 4>};
  kByVectors[(tile.columns - 1) / kLanes](tile);
}

template <typename Steps>
void RunTile(const Tile& tile) {
  static constexpr TileKernel kByRows[kTileRows] = {RunRows<Steps, 1>, RunRows<Steps, 2>, RunRows<Steps, 3>,
                                                    RunRows<Steps, 4>, RunRows<Steps, 5>, RunRows<Steps, 6>};
  kByRows[tile.rows - 1](tile);
}

}  // namespace
}  // namespace pumasi

#endif  // PUMASI_OPS_PRODUCT_TILE_AVX512_LOOP_H_
