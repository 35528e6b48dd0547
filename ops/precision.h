// The number format that matrix products multiply in.
#ifndef PUMASI_OPS_PRECISION_H_
#define PUMASI_OPS_PRECISION_H_

namespace pumasi {

enum class Precision {
  kFloat32,
  kBf16,  // both operands rounded to bfloat16 (8 bits of mantissa), products and sums in float32
};

}  // namespace pumasi

#endif  // PUMASI_OPS_PRECISION_H_
