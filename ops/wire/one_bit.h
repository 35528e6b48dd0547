// One bit a value: F. Seide, H. Fu, J. Droppo, G. Li, D. Yu, "1-Bit Stochastic Gradient Descent and its Application to
// Data-Parallel Distributed Training of Speech DNNs", Interspeech 2014, as CNTK has it. A value is sent as its sign;
// what a sign stands for is the mean of the values with that sign. The paper takes means over a column of a matrix;
// here it is a group of values that follow each other, so that shapes do not matter.
#ifndef PUMASI_OPS_WIRE_ONE_BIT_H_
#define PUMASI_OPS_WIRE_ONE_BIT_H_

#include <cstddef>

#include "absl/status/status.h"
#include "common/wire/byte_block.h"
#include "common/wire/byte_view.h"

namespace pumasi {

// Values that share two means; the last group of a tensor may be shorter. With 8 bytes of means 1.25 bits a value.
inline constexpr size_t kOneBitGroup = 256;

// values += lost; then lost = what the means lose, and values = the means: of the group's values below 0, and of the
// others. NaN makes one of the means NaN. The bits depend on the arguments alone, not on the instruction set.
// Thread-safe.
void QuantiseToOneBit(size_t count, float* values, float* lost);

// Bytes of `count` values: for each group the mean of the values below 0, which is 0 if there are none, and that of the
// others, likewise, float32 each; then the signs, 1 for a value that is not below 0, the first one in a byte's lowest
// bit; unused bits are 0. All little-endian.
size_t OneBitBytes(size_t count);

// REQUIRES: QuantiseToOneBit made the values, and the first one was the first of a group.
ByteBlock EncodeOneBit(size_t count, const float* values);

// InvalidArgument: another size than OneBitBytes(count), means on the wrong sides of 0, or unused bits that are set;
// FailedPrecondition: a mean that is NaN or infinite.
absl::Status DecodeOneBit(const ByteView& bytes, size_t count, float* values);

}  // namespace pumasi

#endif  // PUMASI_OPS_WIRE_ONE_BIT_H_
