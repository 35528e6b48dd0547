#include "ops/wire/value_codec.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "ops/wire/bf16_values.h"
#include "ops/wire/fp16_values.h"

namespace pumasi {

ValueWriter::ValueWriter(Precision wire, size_t blocks, size_t count) : wire_(wire) {
  const size_t bytes = ValueBytes(wire, blocks, count);
  if (wire == Precision::kFloat32) {
    floats_ = std::make_shared_for_overwrite<float[]>(bytes / sizeof(float));
  } else {
    halves_ = std::make_shared_for_overwrite<uint16_t[]>(bytes / sizeof(uint16_t));
  }
}

void ValueWriter::Add(const float* values, size_t count) {
  if (wire_ == Precision::kFp16) {
    NarrowToFp16(count, values, halves_.get() + added_);
    ++added_;
  } else if (wire_ == Precision::kBf16) {
    NarrowToBf16(count, values, halves_.get() + added_);
  } else {
    std::copy_n(values, count, floats_.get() + added_);
  }
  added_ += count;
}

ByteBlock ValueWriter::Take() {
  if (halves_ != nullptr) return {std::move(halves_), added_ * sizeof(uint16_t)};
  return {std::move(floats_), added_ * sizeof(float)};
}

void ValueReader::Read(float* to, size_t count) {
  if (wire_ == Precision::kFloat32) return reader_.Read(to, count * sizeof(float));
  if (wire_ == Precision::kBf16) return ReadHalves(to, count, WidenBf16);
  int16_t exponent;
  reader_.Read(&exponent, sizeof exponent);
  if (!IsFp16Exponent(exponent)) {
    ok_ = false;
    reader_.Skip(count * sizeof(uint16_t));
    std::fill_n(to, count, std::numeric_limits<float>::quiet_NaN());
    return;
  }
  ReadHalves(to, count, [&](size_t some, const char* bytes, float* out) { WidenFp16(exponent, some, bytes, out); });
}

template <typename Widen>
void ValueReader::ReadHalves(float* to, size_t count, Widen widen) {
  while (count > 0) {
    const std::string_view bytes = reader_.Next(count * sizeof(uint16_t));
    const size_t whole = bytes.size() / sizeof(uint16_t);
    widen(whole, bytes.data(), to);
    to += whole;
    count -= whole;
    if (bytes.size() % sizeof(uint16_t) == 0) continue;
    // The first byte of a value whose second one lies elsewhere.
    char both[] = {bytes.back(), 0};
    reader_.Read(&both[1], 1);
    widen(1, both, to);
    ++to;
    --count;
  }
}

}  // namespace pumasi
