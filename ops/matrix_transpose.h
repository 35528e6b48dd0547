// A matrix with rows and columns exchanged.
#ifndef PUMASI_OPS_MATRIX_TRANSPOSE_H_
#define PUMASI_OPS_MATRIX_TRANSPOSE_H_

#include <cstddef>

namespace pumasi {

// out[columns × rows] = the transpose of matrix[rows × columns]. The two must not overlap.
void MatrixTranspose(size_t rows, size_t columns, const float* matrix, float* out);

}  // namespace pumasi

#endif  // PUMASI_OPS_MATRIX_TRANSPOSE_H_
