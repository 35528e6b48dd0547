// The order of an LSTM's gates inside the layer. Keras has all units of gate i, then those of f, c and o. Here, 16
// units of i are followed by the same units of f, c and o, and so on: what a unit's cell needs is in one tile of the
// product. Units are filled up to whole blocks with zeros.
#ifndef PUMASI_OPS_LSTM_GATE_LAYOUT_H_
#define PUMASI_OPS_LSTM_GATE_LAYOUT_H_

#include <cstddef>

#include "ops/precision.h"
#include "ops/product/packed_matrix.h"

namespace pumasi {

constexpr size_t kLstmBlockUnits = 16;
constexpr size_t kLstmBlockGates = 4 * kLstmBlockUnits;

constexpr size_t LstmBlocks(size_t units) { return (units + kLstmBlockUnits - 1) / kLstmBlockUnits; }
// Units and gates of a row, filled up.
constexpr size_t LstmPaddedUnits(size_t units) { return LstmBlocks(units) * kLstmBlockUnits; }
constexpr size_t LstmGateWidth(size_t units) { return LstmBlocks(units) * kLstmBlockGates; }

// out[rows × LstmGateWidth(units)] from keras[rows × 4·units]. The two must not overlap.
void InterleaveGates(size_t rows, size_t units, const float* keras, float* out);

// The right operand that InterleaveGates' result would be, rows × LstmGateWidth(units).
void PackGates(Precision precision, size_t rows, size_t units, const float* keras, PackedMatrix* packed);
// The transpose of what PackGates made.
void PackGatesTransposed(const PackedMatrix& packed, PackedMatrix* transposed);

// keras[rows × 4·units] from gates[rows × LstmGateWidth(units)]. The two must not overlap.
void DeinterleaveGates(size_t rows, size_t units, const float* gates, float* keras);

}  // namespace pumasi

#endif  // PUMASI_OPS_LSTM_GATE_LAYOUT_H_
