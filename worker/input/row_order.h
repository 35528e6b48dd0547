#ifndef PUMASI_WORKER_INPUT_ROW_ORDER_H_
#define PUMASI_WORKER_INPUT_ROW_ORDER_H_

#include <cstdint>

namespace pumasi {

// The row that stands at place `index` of the shuffled order of `rows` rows in `epoch`. For fixed seed, epoch and rows
// it is a bijection of 0 … rows - 1: every row once an epoch, without a list of them. Depends on its arguments alone,
// so all workers agree. REQUIRES: index < rows <= 2^62.
//
// A Feistel network permutes the numbers below the next power of four; a result that is not a row is permuted again
// (cycle walking: Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002), at most four times on average.
uint64_t ShuffledRow(uint64_t seed, uint64_t epoch, uint64_t index, uint64_t rows);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_ROW_ORDER_H_
