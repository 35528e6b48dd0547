// First values of tables (proto/table.proto). A value depends on (seed, table's name, row, column) alone, so a server
// makes a row when it first needs it, and rows may move between servers before they were ever changed.
//
// Random words are Philox blocks with the table's seed as key and the counter {column word, row low, row high, hash of
// the name}. The same bits on every x86-64: no function of the mathematical library takes part.
#ifndef PUMASI_OPS_INITIALIZER_H_
#define PUMASI_OPS_INITIALIZER_H_

#include <cstdint>

#include "absl/status/status.h"
#include "proto/table.pb.h"

namespace pumasi {

// Whether InitialRow and InitialTensor can fill the table: a known kind, a finite limit that is not negative, and for
// ORTHOGONAL a shape whose decomposition takes less than minutes. The other functions require it.
absl::Status CheckInitializer(const v1::TableSpec& table);

// Whether a row's values can be made without the other rows: all kinds but ORTHOGONAL.
bool IsRowLocal(const v1::Initializer& initializer);

// The first values of one row: out[columns]. REQUIRES: IsRowLocal, row < rows. Thread-safe.
void InitialRow(const v1::TableSpec& table, uint64_t row, float* out);

// The first values of the whole table: out[rows × columns], row by row, equal to InitialRow where that is allowed.
// ORTHOGONAL as Keras has it: the Q of a matrix of normal numbers. Thread-safe.
void InitialTensor(const v1::TableSpec& table, float* out);

}  // namespace pumasi

#endif  // PUMASI_OPS_INITIALIZER_H_
