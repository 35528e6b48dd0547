// For machines without FMA.
#include <algorithm>

#include "ops/product/flush_denormals.h"
#include "ops/product/tile.h"

namespace pumasi {
namespace {

constexpr int kColumns = kTileRun;

float FloatOf(uint32_t bits) { return __builtin_bit_cast(float, bits); }

struct Float32Steps {
  static void Add(uint32_t a, const ProductWord* b, float* sum) {
    for (int j = 0; j < kColumns; ++j) sum[j] += FloatOf(a) * FloatOf(b[j]);
  }
};

struct Bf16Steps {
  static void Add(uint32_t a, const ProductWord* b, float* sum) {
    const float even = FloatOf(a & 0xffff0000u), odd = FloatOf(a << 16);
    for (int j = 0; j < kColumns; ++j) sum[j] += even * FloatOf(b[j] & 0xffff0000u);
    for (int j = 0; j < kColumns; ++j) sum[j] += odd * FloatOf(b[j] << 16);
  }
};

template <typename Steps>
void Run(const Tile& tile) {
  for (int r = 0; r < tile.rows; ++r) {
    for (int first = 0; first < tile.columns; first += kColumns) {
      const size_t columns = std::min(kColumns, tile.columns - first);
      float sum[kColumns] = {};
      if (tile.start != nullptr) std::copy_n(tile.start[r] + first / kTileRun * tile.start_run, columns, sum);
      const ProductWord* a_begin = tile.a + r * tile.a_row;
      const ProductWord* b = tile.b + first;
      const int block = tile.a_block > 0 ? tile.a_block : tile.depth;
      for (int left = tile.depth; left > 0; left -= block, a_begin += tile.a_block_step) {
        const ProductWord* a = a_begin;
        for (int p = std::min(left, block); p > 0; --p, a += tile.a_depth, b += tile.b_depth) Steps::Add(*a, b, sum);
      }
      std::copy_n(sum, columns, tile.c + r * tile.c_row + first / kTileRun * tile.c_run);
    }
  }
}

}  // namespace

void PlainTile(const Tile& tile) { Run<Float32Steps>(tile); }

void PlainBf16Tile(const Tile& tile) {
  const FlushDenormals flush;
  Run<Bf16Steps>(tile);
}

}  // namespace pumasi
