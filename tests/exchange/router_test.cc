#include "worker/exchange/router.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <tuple>
#include <vector>

#include "common/crc32c.h"
#include "common/layout/slot_roles.h"
#include "common/layout/slots.h"
#include "server/gradient_message.h"
#include "server/parameter_shape.h"

namespace pumasi {
namespace {

constexpr uint32_t kSlots = 16;
constexpr uint32_t kWidth = 3;

v1::TableSpec Table(const char* name, v1::TableSpec::Kind kind, uint64_t rows, uint32_t columns) {
  v1::TableSpec spec;
  spec.set_name(name);
  spec.set_kind(kind);
  spec.set_rows(rows);
  spec.set_columns(columns);
  spec.mutable_initializer()->set_kind(v1::Initializer::ZEROS);
  return spec;
}

// A tensor of two chunks, the row table, a tensor of one.
std::vector<v1::TableSpec> Tables() {
  return {Table("kernel", v1::TableSpec::DENSE, 130, 200), Table("words", v1::TableSpec::ROWS, 500, kWidth),
          Table("bias", v1::TableSpec::DENSE, 1, 5)};
}

// Slots dealt at random; a server may get none. Some have a backup, some are being copied.
v1::Layout LayoutOf(uint32_t servers, uint32_t seed, bool copies = false) {
  std::mt19937 random(seed);
  v1::Layout layout;
  layout.set_epoch(4);
  for (uint32_t server = 0; server < servers; ++server) layout.add_servers()->set_node("s" + std::to_string(server));
  for (uint32_t slot = 0; slot < kSlots; ++slot) layout.add_slot_owner(random() % servers);
  for (uint32_t slot = 0; copies && slot < kSlots; ++slot) {
    const uint32_t owner = layout.slot_owner(static_cast<int>(slot));
    const uint32_t backup = (owner + 1 + random() % (servers - 1)) % servers, filling = random() % servers;
    layout.add_slot_backup(random() % 4 > 0 ? 1 + backup : 0);
    const bool free = filling != owner && filling != backup;
    layout.add_slot_filling(free ? 1 + filling : 0);
  }
  return layout;
}

std::vector<uint64_t> RandomIds(std::mt19937& random) {
  std::vector<uint64_t> ids;
  for (uint64_t id = 0; id < 500; ++id) {
    if (random() % 4 == 0) ids.push_back(id);
  }
  return ids;
}

std::vector<float> RandomFloats(size_t size, std::mt19937& random) {
  std::vector<float> values(size);
  for (float& value : values) value = static_cast<float>(random() % 10000) / 7;
  return values;
}

ParameterShape Shape() { return *ParameterShape::Make(Tables(), kSlots); }

// By slot, what a server has to do with it; `primary`: as its primary only.
std::vector<SlotUse> UsesOf(const v1::Layout& layout, uint32_t server, bool primary = false) {
  std::vector<SlotUse> uses;
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    bool held = layout.slot_owner(static_cast<int>(slot)) == server;
    for (const uint32_t holder : HoldersOf(layout, slot)) held = held || (!primary && holder == server);
    uses.push_back(held ? SlotUse::kTaken : SlotUse::kForeign);
  }
  return uses;
}

// All parameters, and how a server of a layout answers a pull of some ids.
struct Truth {
  std::vector<std::vector<float>> values;

  explicit Truth(std::mt19937& random) {
    for (const v1::TableSpec& table : Tables()) values.push_back(RandomFloats(table.rows() * table.columns(), random));
  }

  // Of the slots that it is the primary of, by table and chunk.
  static std::vector<ParameterShape::Chunk> ChunksOf(const v1::Layout& layout, uint32_t server) {
    std::vector<ParameterShape::Chunk> chunks;
    const ParameterShape shape = Shape();
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if (layout.slot_owner(static_cast<int>(slot)) != server) continue;
      chunks.insert(chunks.end(), shape.chunks[slot].begin(), shape.chunks[slot].end());
    }
    std::sort(chunks.begin(), chunks.end(),
              [](const auto& a, const auto& b) { return std::tie(a.table, a.chunk) < std::tie(b.table, b.chunk); });
    return chunks;
  }

  v1::PullResponse Answer(const v1::Layout& layout, uint32_t server, const std::vector<uint64_t>& ids) const {
    v1::PullResponse response;
    std::string bytes;
    uint64_t rows = 0;
    for (const uint64_t id : ids) {
      if (layout.slot_owner(SlotOfRow(1, id, kSlots)) != server) continue;
      bytes.append(reinterpret_cast<const char*>(values[1].data() + id * kWidth), kWidth * sizeof(float));
      ++rows;
    }
    if (rows > 0) {
      v1::RowValues* out = response.add_rows();
      out->set_table(1);
      out->set_rows(rows);
      out->set_width(kWidth);
      out->set_values(bytes);
      out->set_crc32c(Crc32c(bytes));
    }
    for (const ParameterShape::Chunk& chunk : ChunksOf(layout, server)) {
      v1::DenseChunk* out = response.add_dense();
      out->set_table(chunk.table);
      out->set_chunk(chunk.chunk);
      out->set_values(reinterpret_cast<const char*>(values[chunk.table].data() + chunk.chunk * kChunkFloats),
                      chunk.floats * sizeof(float));
      out->set_crc32c(Crc32c(out->values()));
    }
    return response;
  }
};

TEST_CASE("Every id is asked of the server that owns its slot, in the ids' order") {
  const uint32_t servers = GENERATE(1, 2, 3, 20), seed = GENERATE(1, 2, 3);
  CAPTURE(servers, seed);
  std::mt19937 random(seed);
  const v1::Layout layout = LayoutOf(servers, seed, servers > 1);
  const Router router = *Router::Create(Tables(), layout);
  CHECK(router.servers() == servers);
  CHECK(router.row_table() == 1);
  const std::vector<uint64_t> ids = RandomIds(random);
  const auto positions = router.SplitPull(ids);
  REQUIRE(positions.size() == servers);
  size_t seen = 0;
  for (uint32_t server = 0; server < servers; ++server) {
    CHECK(std::is_sorted(positions[server].begin(), positions[server].end()));
    for (const uint32_t position : positions[server]) {
      REQUIRE(layout.slot_owner(SlotOfRow(1, ids[position], kSlots)) == server);
    }
    seen += positions[server].size();
  }
  CHECK(seen == ids.size());
}

TEST_CASE("Keys arrive at the server as the ids that were meant") {
  std::mt19937 random(5);
  const v1::Layout layout = LayoutOf(3, 5, true);
  const Router router = *Router::Create(Tables(), layout);
  const std::vector<uint64_t> ids = RandomIds(random);
  const auto positions = router.SplitPull(ids);
  for (uint32_t server = 0; server < 3; ++server) {
    v1::PullRequest request;
    router.FillPull(ids, positions[server], &request);
    CHECK(request.dense());
    REQUIRE(request.rows_size() == (positions[server].empty() ? 0 : 1));
    if (positions[server].empty()) continue;
    std::vector<uint64_t> want;
    for (const uint32_t position : positions[server]) want.push_back(ids[position]);
    const auto have = DecodeKeys(request.rows(0), Shape(), UsesOf(layout, server, true));
    REQUIRE(have.ok());
    CHECK(have->ids == want);
  }
}

TEST_CASE("The servers' answers make up all parameters that were asked for") {
  const uint32_t servers = GENERATE(1, 2, 3, 20), seed = GENERATE(1, 2, 3);
  CAPTURE(servers, seed);
  std::mt19937 random(seed);
  const v1::Layout layout = LayoutOf(servers, seed, servers > 1);
  const Router router = *Router::Create(Tables(), layout);
  const Truth truth(random);
  PulledParameters pulled;
  pulled.ids = RandomIds(random);
  router.Prepare(&pulled);
  const auto positions = router.SplitPull(pulled.ids);
  for (uint32_t server = 0; server < servers; ++server) {
    const v1::PullResponse answer = truth.Answer(layout, server, pulled.ids);
    REQUIRE(router.Take(answer, ValuesOf(answer), server, positions[server], &pulled).ok());
  }
  CHECK(pulled.dense[0] == truth.values[0]);
  CHECK(pulled.dense[1].empty());
  CHECK(pulled.dense[2] == truth.values[2]);
  for (size_t i = 0; i < pulled.ids.size(); ++i) {
    REQUIRE(std::memcmp(pulled.rows.data() + i * kWidth, truth.values[1].data() + pulled.ids[i] * kWidth,
                        kWidth * sizeof(float)) == 0);
  }
}

TEST_CASE("An answer that is not what was asked for is refused") {
  std::mt19937 random(9);
  const v1::Layout layout = LayoutOf(1, 9);
  const Router router = *Router::Create(Tables(), layout);
  const Truth truth(random);
  PulledParameters pulled;
  pulled.ids = {3, 5, 8};
  router.Prepare(&pulled);
  const auto code = [&](const std::function<void(v1::PullResponse&)>& spoil) {
    v1::PullResponse response = truth.Answer(layout, 0, pulled.ids);
    spoil(response);
    return router.Take(response, ValuesOf(response), 0, {0, 1, 2}, &pulled).code();
  };
  const auto wrong = absl::StatusCode::kInvalidArgument, damaged = absl::StatusCode::kDataLoss;
  CHECK(code([](v1::PullResponse&) {}) == absl::StatusCode::kOk);
  CHECK(code([](v1::PullResponse& r) { r.Clear(); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.clear_rows(); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { *r.add_rows() = r.rows(0); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_rows(0)->set_table(2); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_rows(0)->set_rows(2); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_rows(0)->set_rows(~uint64_t{0}); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_rows(0)->set_width(4); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_rows(0)->mutable_values()->pop_back(); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_rows(0)->mutable_values()->append("1234"); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_rows(0)->clear_values(); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_rows(0)->set_crc32c(1); }) == damaged);
  CHECK(code([](v1::PullResponse& r) { (*r.mutable_rows(0)->mutable_values())[35] ^= 1; }) == damaged);
  CHECK(code([](v1::PullResponse& r) { r.mutable_dense()->RemoveLast(); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { *r.add_dense() = r.dense(0); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_dense()->SwapElements(0, 1); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_dense(1)->set_chunk(0); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_dense(1)->set_table(2); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_dense(1)->mutable_values()->pop_back(); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_dense(2)->mutable_values()->append("1234"); }) == wrong);
  CHECK(code([](v1::PullResponse& r) { r.mutable_dense(2)->set_crc32c(1); }) == damaged);
  CHECK(code([](v1::PullResponse& r) { (*r.mutable_dense(0)->mutable_values())[999] ^= 1; }) == damaged);
}

TEST_CASE("A refusal names the server") {
  const Router router = *Router::Create(Tables(), LayoutOf(1, 1));
  PulledParameters pulled;
  pulled.ids = {3};
  router.Prepare(&pulled);
  CHECK(router.Take({}, {}, 0, {0}, &pulled).message() == "server s0 sent no rows where some were asked for");
}

TEST_CASE("A gradient arrives at every holder of a slot, in pieces that make it up again") {
  const uint32_t servers = GENERATE(1, 2, 3, 20), seed = GENERATE(1, 2, 3);
  CAPTURE(servers, seed);
  std::mt19937 random(seed);
  const v1::Layout layout = LayoutOf(servers, seed, servers > 1);
  const Router router = *Router::Create(Tables(), layout);
  const ParameterShape shape = Shape();
  Gradient gradient;
  gradient.rows.resize(3);
  gradient.rows[1].ids = RandomIds(random);
  gradient.rows[1].values = RandomFloats(gradient.rows[1].ids.size() * kWidth, random);
  gradient.dense = {RandomFloats(130 * 200, random), {}, RandomFloats(5, random)};

  // By slot, what it is to get.
  std::vector<std::vector<uint64_t>> ids(kSlots);
  for (const uint64_t id : gradient.rows[1].ids) ids[SlotOfRow(1, id, kSlots)].push_back(id);
  const auto positions = router.SplitPush(gradient);
  std::vector<std::vector<uint32_t>> got(kSlots);  // by slot, the servers that got it whole
  for (uint32_t server = 0; server < servers; ++server) {
    OutgoingPush outgoing;
    router.FillPush(std::make_shared<const Gradient>(gradient), server, positions[server], &outgoing);
    const v1::PushRequest push = ToMessage(outgoing);
    const std::vector<SlotUse> uses = UsesOf(layout, server);
    const auto pieces = ParseGradient(push, ValuesOf(push), shape, uses);
    REQUIRE(pieces.ok());
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if (uses[slot] == SlotUse::kForeign) continue;
      got[slot].push_back(server);
      const Gradient& piece = (*pieces)[slot];
      REQUIRE(piece.rows[1].ids == ids[slot]);
      for (size_t i = 0; i < ids[slot].size(); ++i) {
        const auto& all = gradient.rows[1].ids;
        const auto at = std::lower_bound(all.begin(), all.end(), ids[slot][i]) - all.begin();
        REQUIRE(std::memcmp(piece.rows[1].values.data() + i * kWidth, gradient.rows[1].values.data() + at * kWidth,
                            kWidth * sizeof(float)) == 0);
      }
      for (size_t i = 0; i < shape.chunks[slot].size(); ++i) {
        const auto& chunk = shape.chunks[slot][i];
        const auto from = gradient.dense[chunk.table].begin() + static_cast<ptrdiff_t>(chunk.chunk * kChunkFloats);
        REQUIRE(piece.dense[i] == std::vector<float>(from, from + chunk.floats));
      }
    }
  }
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    std::vector<uint32_t> holders = HoldersOf(layout, slot);
    std::sort(holders.begin(), holders.end());
    CHECK(got[slot] == holders);
  }
}

TEST_CASE("Who holds a slot in any role is pulled from and pushed to, nobody else") {
  v1::Layout layout;
  for (int server = 0; server < 6; ++server) layout.add_servers();
  // Slot 0 on 1, slot 1 on 1 and 4, slot 2 on 4 and being copied to 2.
  for (const uint32_t owner : {1, 1, 4}) layout.add_slot_owner(owner);
  for (const uint32_t backup : {0, 5, 0}) layout.add_slot_backup(backup);
  for (const uint32_t filling : {0, 0, 3}) layout.add_slot_filling(filling);
  CHECK(HoldersOf(layout, 0) == std::vector<uint32_t>{1});
  CHECK(HoldersOf(layout, 1) == std::vector<uint32_t>{1, 4});
  CHECK(HoldersOf(layout, 2) == std::vector<uint32_t>{4, 2});
  CHECK(HoldersOf(layout) == std::vector<uint32_t>{1, 2, 4});
  CHECK(Router::Create(Tables(), layout)->holders() == std::vector<uint32_t>{1, 2, 4});
}

TEST_CASE("The gradient of a part without rows is an empty message") {
  const Router router = *Router::Create(Tables(), LayoutOf(1, 1));
  Gradient nothing;
  nothing.rows.resize(3);
  nothing.dense.resize(3);
  OutgoingPush push;
  router.FillPush(std::make_shared<const Gradient>(nothing), 0, {}, &push);
  CHECK(ToMessage(push).ByteSizeLong() == 0);
}

TEST_CASE("A job without a row table has only tensors to route") {
  const Router router = *Router::Create({Tables()[0]}, LayoutOf(2, 1));
  CHECK(router.row_table() == -1);
  PulledParameters pulled;
  router.Prepare(&pulled);
  CHECK(pulled.rows.empty());
  CHECK(pulled.dense[0].size() == 130 * 200);
}

TEST_CASE("A layout or tables that make no sense are refused") {
  const auto refused = [](const std::vector<v1::TableSpec>& tables, const std::function<void(v1::Layout&)>& spoil) {
    v1::Layout layout = LayoutOf(2, 1);
    spoil(layout);
    return absl::IsInvalidArgument(Router::Create(tables, layout).status());
  };
  CHECK_FALSE(refused(Tables(), [](v1::Layout&) {}));
  CHECK(refused(Tables(), [](v1::Layout& l) { l.clear_slot_owner(); }));
  CHECK(refused(Tables(), [](v1::Layout& l) { l.clear_servers(); }));
  CHECK(refused(Tables(), [](v1::Layout& l) { l.set_slot_owner(3, 2); }));
  auto two = Tables();
  two.push_back(two[1]);
  CHECK(refused(two, [](v1::Layout&) {}));
  const auto copies = [](v1::Layout& l) {
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      l.add_slot_backup(2 - l.slot_owner(static_cast<int>(slot)));
      l.add_slot_filling(0);
    }
  };
  CHECK_FALSE(refused(Tables(), copies));
  CHECK(refused(Tables(), [&](v1::Layout& l) { copies(l), l.mutable_slot_backup()->RemoveLast(); }));
  CHECK(refused(Tables(), [&](v1::Layout& l) { copies(l), l.add_slot_filling(0); }));
  CHECK(refused(Tables(), [&](v1::Layout& l) { copies(l), l.set_slot_backup(3, 3); }));
  CHECK(refused(Tables(), [&](v1::Layout& l) { copies(l), l.set_slot_filling(3, 3); }));
  CHECK(refused(Tables(), [&](v1::Layout& l) { copies(l), l.set_slot_filling(3, ~0u); }));
  CHECK(refused(Tables(), [&](v1::Layout& l) { copies(l), l.set_slot_backup(3, 1 + l.slot_owner(3)); }));
  CHECK(refused(Tables(), [&](v1::Layout& l) { copies(l), l.set_slot_filling(3, 1 + l.slot_owner(3)); }));
  CHECK(refused(Tables(), [&](v1::Layout& l) { copies(l), l.set_slot_filling(3, l.slot_backup(3)); }));
}

}  // namespace
}  // namespace pumasi
