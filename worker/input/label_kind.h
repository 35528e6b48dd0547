#ifndef PUMASI_WORKER_INPUT_LABEL_KIND_H_
#define PUMASI_WORKER_INPUT_LABEL_KIND_H_

#include <bit>
#include <cstdint>

#include "proto/job.pb.h"

namespace pumasi {

// What a row is labelled with, and how that stands in a list of 32-bit words. The numbers are those of encoded files.
enum class LabelKind : uint32_t {
  kClass = 0,    // one word: the class
  kClasses = 1,  // a word for each of the row's classes, ascending, each once; none is allowed
  kNumbers = 2,  // the bits of finite floats, as many in every row (BitsOf, NumberOf)
};

// What a loss compares a model's outputs with. A job without a loss has cross_entropy.
inline LabelKind LabelKindOf(v1::Loss loss) {
  if (loss == v1::LOSS_MSE) return LabelKind::kNumbers;
  return loss == v1::LOSS_BINARY_CROSS_ENTROPY ? LabelKind::kClasses : LabelKind::kClass;
}

inline uint32_t BitsOf(float number) { return std::bit_cast<uint32_t>(number); }
inline float NumberOf(uint32_t bits) { return std::bit_cast<float>(bits); }

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_LABEL_KIND_H_
