// Orthonormal matrices, made the same everywhere.
#ifndef PUMASI_OPS_ORTHOGONAL_H_
#define PUMASI_OPS_ORTHOGONAL_H_

#include <cstddef>

namespace pumasi {

// Makes the `count` vectors of `length` doubles orthonormal, in place, by modified Gram-Schmidt done twice (the second
// time removes what rounding left). For a matrix whose columns are these vectors this is the Q of its QR decomposition
// with a positive diagonal of R. Only sums, products, divisions and square roots in a fixed order: the same bits on
// every machine.
//
// REQUIRES: count <= length. A vector that depends on those before it becomes zero.
// Takes about 4·count²·length operations.
void Orthonormalize(size_t count, size_t length, double* vectors);

}  // namespace pumasi

#endif  // PUMASI_OPS_ORTHOGONAL_H_
