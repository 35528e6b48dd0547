#include "ops/lstm_gate_layout.h"

#include <algorithm>
#include <cstring>

#include "ops/buffer.h"
#include "ops/product/pack.h"

namespace pumasi {
namespace {

// f(place in Keras' row, place in the layer's row, how many) for the units of each block and gate.
template <typename F>
void ForEachRun(size_t units, F f) {
  for (size_t block = 0; block < LstmBlocks(units); ++block) {
    const size_t first = block * kLstmBlockUnits, count = std::min(kLstmBlockUnits, units - first);
    for (size_t gate = 0; gate < 4; ++gate) {
      f(gate * units + first, block * kLstmBlockGates + gate * kLstmBlockUnits, count);
    }
  }
}

// out[kLstmBlockUnits] = run[count], filled up with zeros.
void CopyRun(const float* run, size_t count, float* out) {
  if (count == kLstmBlockUnits) {
    std::memcpy(out, run, kLstmBlockUnits * sizeof(float));
    return;
  }
  std::copy_n(run, count, out);
  std::fill_n(out + count, kLstmBlockUnits - count, 0.0f);
}

}  // namespace

void InterleaveGates(size_t rows, size_t units, const float* keras, float* out) {
  for (size_t row = 0; row < rows; ++row, keras += 4 * units, out += LstmGateWidth(units)) {
    ForEachRun(units, [&](size_t from, size_t to, size_t count) { CopyRun(keras + from, count, out + to); });
  }
}

void PackGates(Precision precision, size_t rows, size_t units, const float* keras, PackedMatrix* packed) {
  static_assert(kLstmBlockGates == kTileColumns);
  const size_t gates = LstmGateWidth(units);
  ProductWord* const words = packed->Reserve(precision, static_cast<int>(rows), static_cast<int>(gates));
  const size_t panel_words = static_cast<size_t>(packed->words()) * kTileColumns;
  // Row after row: the other order would touch as many pages as there are rows, for each gate.
  if (precision == Precision::kFloat32) {
    for (size_t row = 0; row < rows; ++row, keras += 4 * units) {
      float* const row_of_panel = reinterpret_cast<float*>(words + row * kTileColumns);
      ForEachRun(units, [&](size_t from, size_t to, size_t count) {
        CopyRun(keras + from, count, row_of_panel + to / kTileColumns * panel_words + to % kTileColumns);
      });
    }
    return;
  }
  thread_local Buffer<float> interleaved;
  float* const pair = interleaved.Reserve(2 * gates);
  for (int p = 0; p < packed->words(); ++p) {
    const size_t first = static_cast<size_t>(p) * 2, count = std::min<size_t>(2, rows - first);
    InterleaveGates(count, units, keras + first * 4 * units, pair);
    for (int q = 0; q < packed->panels(); ++q) {
      PackPanel(precision, static_cast<int>(count), kTileColumns, pair + q * kTileColumns,
                static_cast<ptrdiff_t>(gates), words + q * panel_words + p * kTileColumns);
    }
  }
}

void PackGatesTransposed(const PackedMatrix& packed, PackedMatrix* transposed) {
  const Precision precision = packed.precision();
  ProductWord* const words = transposed->Reserve(precision, packed.columns(), packed.depth());
  const size_t panel_words = static_cast<size_t>(transposed->words()) * kTileColumns;
  const int square_words = WordsOf(precision, kTileColumns);
  for (int p = 0; p < transposed->panels(); ++p) {
    // Squares that lie together, read and written.
    for (int q = 0; q < packed.panels(); ++q) {
      const ProductWord* const square = packed.panel(q) + p * square_words * kTileColumns;
      ProductWord* const to = words + p * panel_words + q * square_words * kTileColumns;
      if (precision == Precision::kFloat32) {
        PackPanelTransposed(precision, kTileColumns, transposed->columns_of(p), reinterpret_cast<const float*>(square),
                            kTileColumns, to);
      } else {
        PackTransposedSquareBf16(WordsOf(precision, transposed->columns_of(p)), square, to);
      }
    }
  }
}

void DeinterleaveGates(size_t rows, size_t units, const float* gates, float* keras) {
  for (size_t row = 0; row < rows; ++row, gates += LstmGateWidth(units), keras += 4 * units) {
    ForEachRun(units, [&](size_t to, size_t from, size_t count) {
      if (count == kLstmBlockUnits) {
        std::memcpy(keras + to, gates + from, kLstmBlockUnits * sizeof(float));
        return;
      }
      std::copy_n(gates + from, count, keras + to);
    });
  }
}

}  // namespace pumasi
