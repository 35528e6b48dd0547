// How values, float32 in memory, stand in messages: as they are, or as bfloat16 (a job's `wire`); little-endian. They
// are converted once, on their way into the block that is sent, and out of the bytes that arrived.
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

// Of a value in a message.
constexpr size_t ValueBytes(Precision wire) { return wire == Precision::kBf16 ? sizeof(uint16_t) : sizeof(float); }
// As a job names it: "float32", for messages about wrong sizes.
constexpr const char* WireName(Precision wire) { return wire == Precision::kBf16 ? "bf16" : "float32"; }

// Puts the values of a block together. Not thread-safe.
class ValueWriter {
 public:
  // A block of `count` values, all of which have to be added.
  ValueWriter(Precision wire, size_t count);

  // Rounded as NarrowToBf16 does (ops/wire/bf16_values.h), where the wire is not float32.
  void Add(const float* values, size_t count);
  // `fill` writes the next `count` values to the place that it is given.
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
  size_t added_ = 0;
  std::vector<float> scratch_;
};

// Takes values out of a message, one after the other. The view, and the bytes, have to stay as they are.
class ValueReader {
 public:
  ValueReader(Precision wire, const ByteView& view) : wire_(wire), reader_(view) {}
  // REQUIRES, of both: so many values are left.
  void Read(float* to, size_t count);
  void Skip(size_t count) { reader_.Skip(count * ValueBytes(wire_)); }

 private:
  const Precision wire_;
  ByteReader reader_;
};

}  // namespace pumasi

#endif  // PUMASI_OPS_WIRE_VALUE_CODEC_H_
