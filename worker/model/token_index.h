// Tokens that share no vectors.
#ifndef PUMASI_WORKER_MODEL_TOKEN_INDEX_H_
#define PUMASI_WORKER_MODEL_TOKEN_INDEX_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "worker/model/layer.h"

namespace pumasi {

// 0, 1, 2, …: the index of a sequence whose tokens each have a vector of their own. Not thread-safe.
class TokenIndex {
 public:
  // vectors[offsets[rows] × width] as a signal.
  Signal Sequence(int rows, const uint32_t* offsets, int width, const float* vectors) {
    const size_t count = offsets[rows];
    while (index_.size() < count) index_.push_back(static_cast<uint32_t>(index_.size()));
    return {true, {rows, offsets, index_.data(), static_cast<int>(count), width, vectors}};
  }

 private:
  std::vector<uint32_t> index_;
};

// vectors[rows × width] as a signal of one vector a row.
inline Signal OneVectorARow(int rows, int width, const float* vectors) {
  return {false, {.rows = rows, .distinct = rows, .width = width, .vectors = vectors}};
}

}  // namespace pumasi

#endif  // PUMASI_WORKER_MODEL_TOKEN_INDEX_H_
