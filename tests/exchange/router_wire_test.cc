// A router of a job whose values travel as bfloat16.
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "server/gradient_message.h"
#include "server/parameter_shape.h"
#include "worker/exchange/router.h"

namespace pumasi {
namespace {

constexpr uint32_t kSlots = 4, kWidth = 3;

// The row table and a tensor of two chunks.
std::vector<v1::TableSpec> Tables() {
  std::vector<v1::TableSpec> tables(2);
  const auto fill = [](v1::TableSpec& spec, const char* name, v1::TableSpec::Kind kind, uint64_t rows,
                       uint32_t columns) {
    spec.set_name(name);
    spec.set_kind(kind);
    spec.set_rows(rows);
    spec.set_columns(columns);
    spec.mutable_initializer()->set_kind(v1::Initializer::ZEROS);
  };
  fill(tables[0], "words", v1::TableSpec::ROWS, 500, kWidth);
  fill(tables[1], "kernel", v1::TableSpec::DENSE, 130, 200);
  return tables;
}

v1::Layout OneServer() {
  v1::Layout layout;
  layout.set_epoch(4);
  layout.add_servers()->set_node("s0");
  for (uint32_t slot = 0; slot < kSlots; ++slot) layout.add_slot_owner(0);
  return layout;
}

Router NarrowRouter() { return *Router::Create(Tables(), OneServer(), Precision::kBf16); }

// Numbers that are a bfloat16 each, as gradients are that were rounded.
std::vector<float> Floats(size_t size, std::mt19937& random) {
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(random() % 256) / 16 - 8;
  return values;
}

std::string Halves(const float* values, size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) bytes.append(reinterpret_cast<const char*>(values + i) + 2, 2);
  return bytes;
}

TEST_CASE("A gradient of 16 bits a value arrives as it was") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  Gradient gradient;
  gradient.rows.resize(2);
  for (uint64_t id = 0; id < 500; ++id) {
    if (random() % 4 == 0) gradient.rows[0].ids.push_back(id);
  }
  gradient.rows[0].values = Floats(gradient.rows[0].ids.size() * kWidth, random);
  gradient.dense = {{}, Floats(130 * 200, random)};
  const Router router = NarrowRouter();
  OutgoingPush outgoing;
  router.FillPush(std::make_shared<const Gradient>(gradient), 0, router.SplitPush(gradient)[0], &outgoing);
  const v1::PushRequest push = ToMessage(outgoing);
  REQUIRE(push.values_size() == 1);
  CHECK(push.values(0).values() == Halves(gradient.rows[0].values.data(), gradient.rows[0].values.size()));
  REQUIRE(push.dense_size() == 2);
  CHECK(push.dense(0).values().size() == kChunkFloats * 2);

  ParameterShape shape = *ParameterShape::Make(Tables(), kSlots);
  shape.wire = Precision::kBf16;
  const auto pieces = ParseGradient(push, ValuesOf(push), shape, std::vector<SlotUse>(kSlots, SlotUse::kTaken));
  REQUIRE(pieces.ok());
  size_t rows = 0;
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    const RowGradient& part = (*pieces)[slot].rows[0];
    for (size_t i = 0, at = 0; i < part.ids.size(); ++i, ++rows) {
      while (gradient.rows[0].ids[at] != part.ids[i]) ++at;
      REQUIRE(std::memcmp(part.values.data() + i * kWidth, gradient.rows[0].values.data() + at * kWidth,
                          kWidth * sizeof(float)) == 0);
    }
    for (size_t i = 0; i < shape.chunks[slot].size(); ++i) {
      const auto& chunk = shape.chunks[slot][i];
      const auto from = gradient.dense[1].begin() + static_cast<ptrdiff_t>(chunk.chunk * kChunkFloats);
      REQUIRE((*pieces)[slot].dense[i] == std::vector<float>(from, from + chunk.floats));
    }
  }
  CHECK(rows == gradient.rows[0].ids.size());
}

TEST_CASE("An answer of 16 bits a value is taken as float32, and one of another size refused") {
  const auto seed = std::random_device()();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::vector<float> rows = Floats(2 * kWidth, random), tensor = Floats(130 * 200, random);
  v1::PullResponse good;
  v1::RowValues* out = good.add_rows();
  out->set_table(0);
  out->set_rows(2);
  out->set_width(kWidth);
  out->set_values(Halves(rows.data(), rows.size()));
  out->set_crc32c(Crc32c(out->values()));
  for (uint32_t number = 0; number < 2; ++number) {
    v1::DenseChunk* chunk = good.add_dense();
    chunk->set_table(1);
    chunk->set_chunk(number);
    chunk->set_values(Halves(tensor.data() + number * kChunkFloats, ChunkFloats(Tables()[1], number)));
    chunk->set_crc32c(Crc32c(chunk->values()));
  }
  const Router router = NarrowRouter();
  PulledParameters pulled;
  pulled.ids = {7, 30};
  router.Prepare(&pulled);
  REQUIRE(router.Take(good, ValuesOf(good), 0, {0, 1}, &pulled).ok());
  CHECK(pulled.rows == rows);
  CHECK(pulled.dense[1] == tensor);

  const auto refusal = [&](const std::function<void(v1::PullResponse&)>& spoil) {
    v1::PullResponse bad = good;
    spoil(bad);
    return router.Take(bad, ValuesOf(bad), 0, {0, 1}, &pulled);
  };
  absl::Status status = refusal([&](v1::PullResponse& r) {
    r.mutable_rows(0)->set_values(reinterpret_cast<const char*>(rows.data()), rows.size() * sizeof(float));
    r.mutable_rows(0)->set_crc32c(Crc32c(r.rows(0).values()));
  });
  CHECK(absl::IsInvalidArgument(status));
  CHECK(status.message() == "server s0 sent 24 bytes of values where 12 were asked for (wire: bf16)");
  CHECK(
      absl::IsInvalidArgument(refusal([](v1::PullResponse& r) { r.mutable_dense(1)->mutable_values()->pop_back(); })));
  CHECK(absl::IsDataLoss(refusal([](v1::PullResponse& r) { (*r.mutable_rows(0)->mutable_values())[3] ^= 1; })));
  CHECK(absl::IsDataLoss(refusal([](v1::PullResponse& r) { (*r.mutable_dense(0)->mutable_values())[3] ^= 1; })));
}

}  // namespace
}  // namespace pumasi
