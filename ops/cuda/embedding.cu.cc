#include "ops/cuda/launch.h"
// After launch.h, which has to be first.
#include "ops/cuda/embedding.h"

namespace pumasi::cuda {
namespace {

// Four floats that are read and written together.
struct alignas(16) Four {
  float value[4];
};

template <typename T>
struct GatherRow {
  int width;  // in T
  const T* table;
  const uint32_t* index;
  T* out;

  __device__ void operator()(size_t i, int column) const {
    out[i * width + column] = table[static_cast<size_t>(index[i]) * width + column];
  }
};

bool InFours(const void* memory) { return reinterpret_cast<uintptr_t>(memory) % sizeof(Four) == 0; }

}  // namespace

void GatherRows(Stream* stream, int width, const float* table, const uint32_t* index, size_t count, float* out) {
  if (index == nullptr) return stream->Copy(table, count * width * sizeof(float), out);
  if (width % 4 == 0 && InFours(table) && InFours(out)) {
    const GatherRow<Four> gather = {width / 4, reinterpret_cast<const Four*>(table), index,
                                    reinterpret_cast<Four*>(out)};
    return ForEachInRows(stream, count, width / 4, gather);
  }
  ForEachInRows(stream, count, width, GatherRow<float>{width, table, index, out});
}

}  // namespace pumasi::cuda
