#include "worker/exchange/router.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "server/gradient_message.h"
#include "tests/exchange/routed_tables.h"

namespace pumasi {
namespace {

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
    router.FillPull(ids, server, positions[server], &request);
    CHECK(request.dense() == !router.primary_chunks(server).empty());
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
