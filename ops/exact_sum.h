// A sum that does not depend on its order: a fixed-point number wide enough that no addition rounds. After Kulisch's
// accumulator, in the form of Neal, "Fast exact summation using small and large superaccumulators" (2015).
#ifndef PUMASI_OPS_EXACT_SUM_H_
#define PUMASI_OPS_EXACT_SUM_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"

namespace pumasi {

// A sum, below 2^320, of numbers that are not negative and multiples of 2^-320: of squares of floats, and of sums of
// such squares in double. Not thread-safe.
class ExactSum {
 public:
  // Chunk i counts 2^(32·i - 320).
  static constexpr int kChunks = 20;

  // NaN and infinity are remembered; the sum is then NaN.
  void Add(double number);
  void Add(const ExactSum& other);

  // The sum, from the least chunk up in double: within 2 ulp, and the same bits whoever added what.
  double Value() const;
  bool finite() const { return finite_; }

  // As a message: chunks in [0, 2^32) without trailing zeros.
  template <typename Message>
  void ToMessage(Message* out) const {
    const std::array<int64_t, kChunks> chunks = Carried();
    int used = kChunks;
    while (used > 0 && chunks[used - 1] == 0) --used;
    out->mutable_chunks()->Assign(chunks.begin(), chunks.begin() + used);
    out->set_not_finite(!finite_);
  }
  // InvalidArgument if it is none that ToMessage makes.
  template <typename Message>
  static absl::Status FromMessage(const Message& in, ExactSum* out) {
    *out = ExactSum();
    out->finite_ = !in.not_finite();
    if (in.chunks_size() > kChunks) return absl::InvalidArgumentError("an exact sum has too many chunks");
    if (in.chunks_size() > 0 && in.chunks(in.chunks_size() - 1) == 0) {
      return absl::InvalidArgumentError("an exact sum ends with a zero");
    }
    for (int i = 0; i < in.chunks_size(); ++i) {
      if (in.chunks(i) < 0 || in.chunks(i) >> 32 != 0) {
        return absl::InvalidArgumentError("a chunk of an exact sum is out of range");
      }
      out->chunks_[i] = in.chunks(i);
    }
    return absl::OkStatus();
  }

 private:
  // The chunks with all carries done.
  std::array<int64_t, kChunks> Carried() const;
  void Carry();

  // Additions that chunks have room for: each adds less than 2^32 to one.
  static constexpr uint32_t kRoom = uint32_t{1} << 30;

  std::array<int64_t, kChunks> chunks_{};
  uint32_t added_ = 0;  // since the last Carry
  bool finite_ = true;
};

// The sum of the squares of values[count], in double, in an order that depends on `count` alone: eight sums, of every
// eighth number each, then these from the first to the last. The same bits on every x86-64. Thread-safe.
double SumOfSquares(size_t count, const float* values);

}  // namespace pumasi

#endif  // PUMASI_OPS_EXACT_SUM_H_
