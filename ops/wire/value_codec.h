// How values, float32 in memory, stand in messages: as they are, or as bfloat16 or binary16 (a job's `wire`);
// little-endian. They are converted once, on their way into the bytes that are sent, and out of those that arrived.
// Binary16 comes in blocks with an exponent each (ops/wire/fp16_values.h): a row, or a chunk of a tensor.
#ifndef PUMASI_OPS_WIRE_VALUE_CODEC_H_
#define PUMASI_OPS_WIRE_VALUE_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "common/wire/byte_block.h"
#include "common/wire/byte_view.h"
#include "ops/precision.h"

namespace pumasi {

// In a message, of `blocks` blocks of `count` values each.
constexpr uint64_t ValueBytes(Precision wire, uint64_t blocks, uint64_t count) {
  return wire == Precision::kFp16 ? blocks * (count + 1) * sizeof(uint16_t)
                                  : blocks * count * (wire == Precision::kBf16 ? sizeof(uint16_t) : sizeof(float));
}
// As a job names it: "float32", for messages about wrong sizes.
constexpr const char* WireName(Precision wire) {
  return wire == Precision::kBf16 ? "bf16" : wire == Precision::kFp16 ? "fp16" : "float32";
}

// Puts blocks of values together. Not thread-safe.
class ValueWriter {
 public:
  // All of `blocks` blocks of `count` values each have to be added.
  ValueWriter(Precision wire, size_t blocks, size_t count);

  // A block. Where the wire is not float32, rounded as NarrowToBf16 or NarrowToFp16 do (ops/wire).
  void Add(const float* values, size_t count);
  // A block of `count` values, which `fill` writes to the place that it is given.
  template <typename Fill>
  void AddFilled(size_t count, Fill fill) {
    if (halves_ == nullptr) {
      fill(floats_.get() + added_);
      added_ += count;
      return;
    }
    scratch_.resize(count);
    fill(scratch_.data());
    Add(scratch_.data(), count);
  }
  // Nothing may be called afterwards.
  ByteBlock Take();

 private:
  // One of the two.
  std::shared_ptr<float[]> floats_;
  std::shared_ptr<uint16_t[]> halves_;
  const Precision wire_;
  size_t added_ = 0;  // floats or halves
  std::vector<float> scratch_;
};

// Takes values out of a message, block by block. The view, and the bytes, have to stay as they are.
class ValueReader {
 public:
  ValueReader(Precision wire, const ByteView& view) : wire_(wire), reader_(view) {}
  // REQUIRES, of both: so long a block is next.
  void Read(float* to, size_t count);
  void Skip(size_t count) { reader_.Skip(ValueBytes(wire_, 1, count)); }
  // False: the exponent of a block that was read is none; its values are NaN.
  bool ok() const { return ok_; }

 private:
  // The next values, of 2 bytes each.
  template <typename Widen>
  void ReadHalves(float* to, size_t count, Widen widen);

  const Precision wire_;
  ByteReader reader_;
  bool ok_ = true;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_WIRE_VALUE_CODEC_H_
