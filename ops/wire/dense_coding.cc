#include "ops/wire/dense_coding.h"

#include "ops/wire/largest_values.h"
#include "ops/wire/one_bit.h"

namespace pumasi {

const char* CodingName(DenseCoding::Kind kind) {
  return kind == DenseCoding::Kind::kOneBit ? "onebit" : kind == DenseCoding::Kind::kLargest ? "topk" : "float32";
}

void QuantiseDense(const DenseCoding& coding, size_t count, float* values, float* lost) {
  if (coding.kind == DenseCoding::Kind::kOneBit) {
    QuantiseToOneBit(count, values, lost);
  } else {
    KeepLargest(LargestOf(count, coding.fraction), count, values, lost);
  }
}

ByteBlock EncodeDense(const DenseCoding& coding, size_t count, const float* values) {
  return coding.kind == DenseCoding::Kind::kOneBit ? EncodeOneBit(count, values) : EncodeLargest(count, values);
}

absl::Status DecodeDense(const DenseCoding& coding, const ByteView& bytes, size_t count, float* values) {
  return coding.kind == DenseCoding::Kind::kOneBit ? DecodeOneBit(bytes, count, values)
                                                   : DecodeLargest(bytes, count, values);
}

}  // namespace pumasi
