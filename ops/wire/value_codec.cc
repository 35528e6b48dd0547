#include "ops/wire/value_codec.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "ops/wire/bf16_values.h"

namespace pumasi {

ValueWriter::ValueWriter(Precision wire, size_t count) {
  if (wire == Precision::kBf16) {
    halves_ = std::make_shared_for_overwrite<uint16_t[]>(count);
  } else {
    floats_ = std::make_shared_for_overwrite<float[]>(count);
  }
}

void ValueWriter::Add(const float* values, size_t count) {
  if (halves_ != nullptr) {
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
  while (count > 0) {
    const std::string_view bytes = reader_.Next(count * sizeof(uint16_t));
    const size_t whole = bytes.size() / sizeof(uint16_t);
    WidenBf16(whole, bytes.data(), to);
    to += whole;
    count -= whole;
    if (bytes.size() % sizeof(uint16_t) == 0) continue;
    // The first byte of a value whose second one lies elsewhere.
    char both[] = {bytes.back(), 0};
    reader_.Read(&both[1], 1);
    WidenBf16(1, both, to);
    ++to;
    --count;
  }
}

}  // namespace pumasi
