// The largest values of a tensor alone, with their places: A. F. Aji, K. Heafield, "Sparse Communication for
// Distributed Gradient Descent", EMNLP 2017.
#ifndef PUMASI_OPS_WIRE_LARGEST_VALUES_H_
#define PUMASI_OPS_WIRE_LARGEST_VALUES_H_

#include <cstddef>

#include "absl/status/status.h"
#include "common/wire/byte_block.h"
#include "common/wire/byte_view.h"

namespace pumasi {

// How many of `count` values that is: rounded up, 1 at least if there are any.
size_t LargestOf(size_t count, double fraction);

// values += lost; then the `most` values of the largest magnitude stay, of equal ones those that come first, and the
// others become 0 and are what was lost. NaN counts as larger than infinity. Thread-safe.
void KeepLargest(size_t most, size_t count, float* values, float* lost);

// The values that are not 0: their number (fixed 32 bits), then their places as varints, the first one itself, the
// others as the distance to the one before, then they themselves, float32. All little-endian.
ByteBlock EncodeLargest(size_t count, const float* values);

// All `count` values. InvalidArgument: places that do not ascend or pass the end, or a size that does not fit the
// number; FailedPrecondition: a value that is NaN or infinite.
absl::Status DecodeLargest(const ByteView& bytes, size_t count, float* values);

}  // namespace pumasi

#endif  // PUMASI_OPS_WIRE_LARGEST_VALUES_H_
