// 6 rows of two vectors of 8: 12 sums, two vectors of B and one of A of the 16 registers.
#include <immintrin.h>

#include <algorithm>

#include "ops/product/flush_denormals.h"
#include "ops/product/tile.h"

// Templates take the instruction set that is in force where they are defined.
#pragma GCC push_options
#pragma GCC target("avx2,fma")

namespace pumasi {
namespace {

constexpr int kLanes = 8;

__m256 Broadcast(const ProductWord* word) { return _mm256_castsi256_ps(_mm256_set1_epi32(static_cast<int>(*word))); }
__m256 EvenOf(__m256 pair) {
  return _mm256_castsi256_ps(
      _mm256_and_si256(_mm256_castps_si256(pair), _mm256_set1_epi32(static_cast<int>(0xffff0000u))));
}
__m256 OddOf(__m256 pair) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(pair), 16)); }

struct Float32Steps {
  static __m256 Add(__m256 a, __m256 b, __m256 sum) { return _mm256_fmadd_ps(a, b, sum); }
};

struct Bf16Steps {
  static __m256 Add(__m256 a, __m256 b, __m256 sum) {
    return _mm256_fmadd_ps(OddOf(a), OddOf(b), _mm256_fmadd_ps(EvenOf(a), EvenOf(b), sum));
  }
};

// Columns [first, first + kVectors·8) of the tile, of the last vector those in `mask`.
template <typename Steps, int kRows, int kVectors>
void Block(const Tile& tile, int first, __m256i mask) {
  __m256 sum[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      if (tile.start == nullptr) {
        sum[r][v] = _mm256_setzero_ps();
      } else {
        const float* const start = tile.start[r] + first / kTileRun * tile.start_run + v * kLanes;
        sum[r][v] = v + 1 < kVectors ? _mm256_loadu_ps(start) : _mm256_maskload_ps(start, mask);
      }
    }
  }
  const ProductWord* a_begin = tile.a;
  const ProductWord* b = tile.b + first;
  const ptrdiff_t a_row = tile.a_row, a_depth = tile.a_depth, b_depth = tile.b_depth;
  const int block = tile.a_block > 0 ? tile.a_block : tile.depth;
  for (int left = tile.depth; left > 0; left -= block, a_begin += tile.a_block_step) {
    const ProductWord* a = a_begin;
    for (int p = std::min(left, block); p > 0; --p, a += a_depth, b += b_depth) {
      __m256 by[kVectors];
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) by[v] = _mm256_loadu_ps(reinterpret_cast<const float*>(b + v * kLanes));
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const __m256 x = Broadcast(a + r * a_row);
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[r][v] = Steps::Add(x, by[v], sum[r][v]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < kVectors; ++v) {
      float* const c = tile.c + r * tile.c_row + first / kTileRun * tile.c_run + v * kLanes;
      if (v + 1 < kVectors) {
        _mm256_storeu_ps(c, sum[r][v]);
      } else {
        _mm256_maskstore_ps(c, mask, sum[r][v]);
      }
    }
  }
}

template <typename Steps, int kRows>
void RunRows(const Tile& tile) {
  for (int first = 0; first < tile.columns; first += 2 * kLanes) {
    const int columns = std::min(tile.columns - first, 2 * kLanes);
    const int in_last = columns > kLanes ? columns - kLanes : columns;
    const __m256i mask = _mm256_cmpgt_epi32(_mm256_set1_epi32(in_last), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    if (columns > kLanes) {
      Block<Steps, kRows, 2>(tile, first, mask);
    } else {
      Block<Steps, kRows, 1>(tile, first, mask);
    }
  }
}

template <typename Steps>
void Run(const Tile& tile) {
  static constexpr TileKernel kByRows[kTileRows] = {RunRows<Steps, 1>, RunRows<Steps, 2>, RunRows<Steps, 3>,
                                                    RunRows<Steps, 4>, RunRows<Steps, 5>, RunRows<Steps, 6>};
  kByRows[tile.rows - 1](tile);
}

}  // namespace
}  // namespace pumasi

#pragma GCC pop_options

namespace pumasi {

void Avx2Tile(const Tile& tile) { Run<Float32Steps>(tile); }

void Avx2Bf16Tile(const Tile& tile) {
  const FlushDenormals flush;
  Run<Bf16Steps>(tile);
}

}  // namespace pumasi
