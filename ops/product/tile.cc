#include "ops/product/tile.h"

namespace pumasi {

TileKernel TileKernelOf(InstructionSet set, Precision precision) {
  const bool bf16 = precision == Precision::kBf16;
  switch (set) {
    case InstructionSet::kBaseline:
      return bf16 ? PlainBf16Tile : PlainTile;
    case InstructionSet::kAvx2:
      return bf16 ? Avx2Bf16Tile : Avx2Tile;
    case InstructionSet::kAvx512:
      return bf16 ? Avx512TwoStepBf16Tile : Avx512Tile;
    case InstructionSet::kAvx512Bf16:
      return bf16 ? Avx512Bf16Tile : Avx512Tile;
  }
  return bf16 ? PlainBf16Tile : PlainTile;
}

}  // namespace pumasi
