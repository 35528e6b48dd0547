// Rows whose class is among the most likely ones.
#ifndef PUMASI_OPS_TOP_K_H_
#define PUMASI_OPS_TOP_K_H_

#include <cstdint>

namespace pumasi {

// Rows of values[rows × classes] in which fewer than `k` classes stand before labels[row]: those with a greater value,
// and of equal ones the lower classes. With k = 1 the rows that are right. REQUIRES: each label in [0, classes).
// Thread-safe.
uint64_t CountTopK(int rows, int classes, const int32_t* labels, uint32_t k, const float* values);

}  // namespace pumasi

#endif  // PUMASI_OPS_TOP_K_H_
