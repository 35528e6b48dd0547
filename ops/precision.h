// The number formats that matrix products multiply in, and that values have in messages (ops/wire).
#ifndef PUMASI_OPS_PRECISION_H_
#define PUMASI_OPS_PRECISION_H_

namespace pumasi {

enum class Precision {
  kFloat32,
  // bfloat16 (8 bits of mantissa). In a product both operands are rounded to it, products and sums are in float32.
  kBf16,
  // In messages alone: IEEE binary16 beside an exponent that a row or chunk shares (ops/fp16.h).
  kFp16,
};

}  // namespace pumasi

#endif  // PUMASI_OPS_PRECISION_H_
