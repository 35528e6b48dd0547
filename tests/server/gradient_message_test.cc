#include "server/gradient_message.h"

#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "common/crc32c.h"
#include "common/layout/slots.h"

namespace pumasi {
namespace {

constexpr uint32_t kSlots = 4;
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

// Table 0: 1000 rows x 2. Table 1: a tensor of 20000 floats, two chunks (slots 1 and 2). Table 2: 50 rows x 3. This
// server has slots 0, 1 and 2 of 4.
ParameterShape Shape() {
  std::vector<v1::TableSpec> tables;
  const auto add = [&](const char* name, v1::TableSpec::Kind kind, uint64_t rows, uint32_t columns) {
    v1::TableSpec& spec = tables.emplace_back();
    spec.set_name(name);
    spec.set_kind(kind);
    spec.set_rows(rows);
    spec.set_columns(columns);
    spec.mutable_initializer()->set_kind(v1::Initializer::ZEROS);
  };
  add("words", v1::TableSpec::ROWS, 1000, 2);
  add("kernel", v1::TableSpec::DENSE, 100, 200);
  add("letters", v1::TableSpec::ROWS, 50, 3);
  return *ParameterShape::Make(tables, kSlots);
}

std::vector<SlotUse> Uses() { return {SlotUse::kTaken, SlotUse::kTaken, SlotUse::kTaken, SlotUse::kForeign}; }

absl::StatusOr<std::vector<Gradient>> Parse(const v1::PushRequest& push) {
  return ParseGradient(push, ValuesOf(push), Shape(), Uses());
}

std::vector<uint64_t> OurIds(uint32_t table, uint64_t rows) {
  std::vector<uint64_t> ids;
  for (uint64_t id = 0; id < rows; ++id) {
    if (SlotOfRow(table, id, kSlots) != 3) ids.push_back(id);
  }
  return ids;
}

uint64_t ForeignId(uint32_t table) {
  uint64_t id = 0;
  while (SlotOfRow(table, id, kSlots) != 3) ++id;
  return id;
}

v1::RowKeys KeysOf(uint32_t table, const std::vector<uint64_t>& ids) {
  v1::RowKeys keys;
  keys.set_table(table);
  uint64_t previous = 0;
  for (const uint64_t id : ids) {
    keys.add_deltas(id - previous);
    previous = id;
  }
  return keys;
}

std::string Bytes(const std::vector<float>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
}

v1::RowValues Values(uint32_t table, uint64_t rows, uint32_t width, const std::vector<float>& values) {
  v1::RowValues out;
  out.set_table(table);
  out.set_rows(rows);
  out.set_width(width);
  out.set_values(Bytes(values));
  out.set_crc32c(Crc32c(out.values()));
  return out;
}

v1::DenseChunk Chunk(uint32_t table, uint32_t chunk, const std::vector<float>& values) {
  v1::DenseChunk out;
  out.set_table(table);
  out.set_chunk(chunk);
  out.set_values(Bytes(values));
  out.set_crc32c(Crc32c(out.values()));
  return out;
}

// A push that is right: three rows of table 0, one of table 2, and the second chunk of the tensor.
v1::PushRequest GoodPush() {
  v1::PushRequest push;
  const auto ids = OurIds(0, 1000);
  *push.add_keys() = KeysOf(0, {ids[0], ids[5], ids[70]});
  *push.add_values() = Values(0, 3, 2, {1, 2, 3, 4, 5, 6});
  *push.add_keys() = KeysOf(2, {OurIds(2, 50)[1]});
  *push.add_values() = Values(2, 1, 3, {7, 8, 9});
  *push.add_dense() = Chunk(1, 1, std::vector<float>(3616, 0.5f));
  return push;
}

TEST_CASE("Keys are decoded to what was encoded") {
  for (const uint32_t table : {0u, 2u}) {
    const auto ids = OurIds(table, table == 0 ? 1000 : 50);
    auto decoded = DecodeKeys(KeysOf(table, ids), Shape(), Uses());
    REQUIRE(decoded.ok());
    CHECK(decoded->ids == ids);
    for (size_t i = 0; i < ids.size(); ++i) CHECK(decoded->slots[i] == SlotOfRow(table, ids[i], kSlots));
  }
  CHECK(DecodeKeys(KeysOf(0, {}), Shape(), Uses())->ids.empty());
}

TEST_CASE("Keys that do not fit are refused, whatever they are") {
  const auto refused = [](const v1::RowKeys& keys) {
    return absl::IsInvalidArgument(DecodeKeys(keys, Shape(), Uses()).status());
  };
  const auto ids = OurIds(0, 1000);
  v1::RowKeys keys = KeysOf(0, {ids[3], ids[4]});
  CHECK_FALSE(refused(keys));
  SECTION("of a tensor, or of a table that there is not") {
    for (const uint32_t table : {1u, 3u, 0xffffffffu}) {
      keys.set_table(table);
      CHECK(refused(keys));
    }
  }
  SECTION("the same id twice") {
    keys.add_deltas(0);
    CHECK(refused(keys));
  }
  SECTION("an id beyond the table") {
    CHECK(refused(KeysOf(0, {1000})));
    CHECK(refused(KeysOf(0, {~uint64_t{0}})));
    CHECK(refused(KeysOf(2, {50})));
  }
  SECTION("distances that overflow to a small id again") {
    for (const uint64_t delta : {~uint64_t{0}, ~uint64_t{0} - ids[4] + 1, ~uint64_t{0} - 1, uint64_t{1} << 63}) {
      v1::RowKeys overflowing = keys;
      overflowing.add_deltas(delta);
      CAPTURE(delta);
      CHECK(refused(overflowing));
    }
  }
  SECTION("a row of another server") {
    const absl::Status status = DecodeKeys(KeysOf(0, {ForeignId(0)}), Shape(), Uses()).status();
    CHECK(absl::IsInvalidArgument(status));
    CHECK(std::string(status.message()).find("of words belongs to another server") != std::string::npos);
  }
}

TEST_CASE("A push becomes the gradients of the slots that it is about") {
  const auto gradients = Parse(GoodPush());
  REQUIRE(gradients.ok());
  REQUIRE(gradients->size() == kSlots);
  const auto ids = OurIds(0, 1000);
  const std::vector<uint64_t> pushed = {ids[0], ids[5], ids[70]};
  for (uint32_t slot = 0; slot < 3; ++slot) {
    CAPTURE(slot);
    const Gradient& gradient = (*gradients)[slot];
    RowGradient want;
    for (size_t i = 0; i < pushed.size(); ++i) {
      if (SlotOfRow(0, pushed[i], kSlots) != slot) continue;
      want.ids.push_back(pushed[i]);
      want.values.insert(want.values.end(), {2 * i + 1.0f, 2 * i + 2.0f});
    }
    CHECK(gradient.rows[0].ids == want.ids);
    CHECK(gradient.rows[0].values == want.values);
    CHECK(gradient.rows[1].ids.empty());
    const bool letters = SlotOfRow(2, OurIds(2, 50)[1], kSlots) == slot;
    CHECK(gradient.rows[2].values == (letters ? std::vector<float>{7, 8, 9} : std::vector<float>{}));
    CHECK(gradient.dense.size() == (slot == 0 ? 0 : 1));
  }
  CHECK((*gradients)[1].dense[0].empty());
  CHECK((*gradients)[2].dense[0] == std::vector<float>(3616, 0.5f));
  CHECK((*gradients)[3].rows.empty());
}

TEST_CASE("Values that travel as bfloat16 become the float32 that they are") {
  ParameterShape shape = Shape();
  shape.wire = Precision::kBf16;
  // All of GoodPush's values are a bfloat16 each: their upper halves.
  const auto narrow = [](auto* block) {
    std::string halves;
    for (size_t at = 0; at < block->values().size(); at += 4) halves += block->values().substr(at + 2, 2);
    block->set_values(halves);
    block->set_crc32c(Crc32c(halves));
  };
  v1::PushRequest push = GoodPush();
  for (auto& rows : *push.mutable_values()) narrow(&rows);
  for (auto& chunk : *push.mutable_dense()) narrow(&chunk);
  const auto have = ParseGradient(push, ValuesOf(push), shape, Uses()), want = Parse(GoodPush());
  REQUIRE(have.ok());
  REQUIRE(want.ok());
  for (uint32_t slot = 0; slot < 3; ++slot) {
    for (uint32_t table = 0; table < 3; ++table) {
      CHECK((*have)[slot].rows[table].ids == (*want)[slot].rows[table].ids);
      CHECK((*have)[slot].rows[table].values == (*want)[slot].rows[table].values);
    }
    CHECK((*have)[slot].dense == (*want)[slot].dense);
  }
  const auto refused = [&](const v1::PushRequest& bad) {
    return absl::IsInvalidArgument(ParseGradient(bad, ValuesOf(bad), shape, Uses()).status());
  };
  CHECK(refused(GoodPush()));
  v1::PushRequest bad = push;
  bad.mutable_values(0)->mutable_values()->pop_back();
  CHECK(refused(bad));
  bad = push;
  bad.mutable_dense(0)->mutable_values()->append(2, '\0');
  CHECK(refused(bad));
  // NaN, in the last column of the second row.
  bad = push;
  (*bad.mutable_values(0)->mutable_values())[6] = '\x81';
  (*bad.mutable_values(0)->mutable_values())[7] = '\x7f';
  bad.mutable_values(0)->set_crc32c(Crc32c(bad.values(0).values()));
  const absl::Status status = ParseGradient(bad, ValuesOf(bad), shape, Uses()).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(std::string(status.message()).find("the gradient of row " + std::to_string(OurIds(0, 1000)[5])) == 0);
}

TEST_CASE("What a push brings of slots that have it already is checked and left out") {
  std::vector<SlotUse> uses = Uses();
  uses[2] = SlotUse::kSkipped;
  const v1::PushRequest good = GoodPush();
  const auto gradients = ParseGradient(good, ValuesOf(good), Shape(), uses);
  REQUIRE(gradients.ok());
  CHECK((*gradients)[2].rows.empty());
  CHECK((*gradients)[2].dense.empty());
  CHECK((*gradients)[1].rows.size() == 3);
  v1::PushRequest push = GoodPush();
  (*push.mutable_dense(0)->mutable_values())[17] ^= 4;
  CHECK(absl::IsDataLoss(ParseGradient(push, ValuesOf(push), Shape(), uses).status()));
}

TEST_CASE("A push may leave out tables and chunks: parts without rows have no gradient") {
  const auto gradients = Parse(v1::PushRequest());
  REQUIRE(gradients.ok());
  CHECK((*gradients)[1].rows.size() == 3);
  CHECK((*gradients)[1].dense.size() == 1);
  CHECK((*gradients)[1].dense[0].empty());
}

TEST_CASE("A push that contradicts the tables is InvalidArgument") {
  const auto refused = [](const std::function<void(v1::PushRequest&)>& spoil) {
    v1::PushRequest push = GoodPush();
    spoil(push);
    return absl::IsInvalidArgument(Parse(push).status());
  };
  CHECK_FALSE(refused([](v1::PushRequest&) {}));
  const auto ids = OurIds(0, 1000);
  CHECK(refused([](v1::PushRequest& p) { p.mutable_values()->RemoveLast(); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_keys()->RemoveLast(); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_values(0)->set_table(2); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_values(0)->set_rows(2); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_values(0)->set_rows(~uint64_t{0}); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_values(0)->set_width(3); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_values(0)->set_width(0x80000002); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_values(0)->mutable_values()->pop_back(); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_values(0)->mutable_values()->clear(); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_keys(0)->add_deltas(1); }));
  CHECK(refused([&](v1::PushRequest& p) { *p.mutable_keys(0) = KeysOf(0, {ids[0], ids[5], ForeignId(0)}); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_keys(1)->set_table(1); }));
  // The same table, and the same chunk, twice.
  CHECK(refused([](v1::PushRequest& p) { *p.add_keys() = p.keys(0), *p.add_values() = p.values(0); }));
  CHECK(refused([](v1::PushRequest& p) { *p.add_dense() = p.dense(0); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_dense(0)->set_chunk(2); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_dense(0)->set_chunk(0xffffffff); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_dense(0)->set_table(0); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_dense(0)->set_table(0xffffffff); }));
  // The right number of bytes for the other chunk.
  CHECK(refused([](v1::PushRequest& p) { p.mutable_dense(0)->set_chunk(0); }));
  CHECK(refused([](v1::PushRequest& p) { p.mutable_dense(0)->mutable_values()->append(4, '\0'); }));
}

TEST_CASE("A chunk that another server holds is refused") {
  std::vector<SlotUse> uses = Uses();
  uses[2] = SlotUse::kForeign;
  v1::PushRequest push;
  *push.add_dense() = GoodPush().dense(0);
  CHECK(absl::IsInvalidArgument(ParseGradient(push, ValuesOf(push), Shape(), uses).status()));
}

TEST_CASE("A wrong checksum is DataLoss, and names the table") {
  v1::PushRequest push = GoodPush();
  push.mutable_values(1)->set_crc32c(push.values(1).crc32c() + 1);
  CHECK(Parse(push).status() == absl::DataLossError("letters: checksum does not fit"));
  push = GoodPush();
  (*push.mutable_dense(0)->mutable_values())[17] ^= 4;
  CHECK(Parse(push).status() == absl::DataLossError("kernel: checksum does not fit"));
}

TEST_CASE("A gradient that is not finite is FailedPrecondition, and names the row") {
  for (const float bad : {kNan, kInf, -kInf}) {
    CAPTURE(bad);
    v1::PushRequest push = GoodPush();
    *push.mutable_values(0) = Values(0, 3, 2, {1, 2, 3, bad, 5, 6});
    const absl::Status status = Parse(push).status();
    CHECK(absl::IsFailedPrecondition(status));
    const std::string id = std::to_string(OurIds(0, 1000)[5]);
    CHECK(std::string(status.message()).find("the gradient of row " + id + " of words is") == 0);
    push = GoodPush();
    std::vector<float> values(3616);
    values.back() = bad;
    *push.mutable_dense(0) = Chunk(1, 1, values);
    CHECK(Parse(push).status() == absl::FailedPreconditionError("the gradient of kernel is NaN or infinite"));
  }
}

TEST_CASE("Random damage to a push is refused or parsed, and never more than that") {
  const uint32_t seed = GENERATE(range(0, 20));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::string good = GoodPush().SerializeAsString();
  for (int i = 0; i < 200; ++i) {
    std::string bytes = good;
    for (int flips = 1 + random() % 4; flips > 0; --flips) {
      bytes[random() % (flips % 2 ? 120 : bytes.size())] ^= static_cast<char>(1 << random() % 8);
    }
    v1::PushRequest push;
    if (push.ParseFromString(bytes)) (void)Parse(push);
  }
}

}  // namespace
}  // namespace pumasi
