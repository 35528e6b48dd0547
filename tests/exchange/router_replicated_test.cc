// Layouts in which several servers hold every slot.
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <set>
#include <vector>

#include "tests/exchange/routed_tables.h"
#include "worker/exchange/router.h"

namespace pumasi {
namespace {

// Servers 0 to 3 with incarnations from 10; 0, 2 and 3 hold every slot.
v1::Layout Replicated(bool filling) {
  v1::Layout layout;
  for (int server = 0; server < 4; ++server) layout.add_servers()->set_incarnation(10 + server);
  for (const uint32_t replica : {0, 2, 3}) layout.add_replicas(replica);
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    layout.add_slot_owner(layout.replicas(static_cast<int>(slot % 3)));
    if (filling) layout.add_slot_filling(2);
  }
  return layout;
}

TEST_CASE("In a replicated layout all is read from the own copy, and everybody is asked whether it is there") {
  std::mt19937 random(5);
  const std::vector<uint64_t> ids = RandomIds(random);
  const bool filling = GENERATE(false, true);
  std::set<uint32_t> asked_of;
  for (const uint64_t incarnation : {10, 11, 12, 13, 14, 15, 16}) {
    CAPTURE(filling, incarnation);
    const Router router =
        *Router::Create(Tables(), Replicated(filling), Precision::kFloat32, {}, /*incarnation=*/incarnation);
    CHECK(router.holders() == (filling ? std::vector<uint32_t>{0, 1, 2, 3} : std::vector<uint32_t>{0, 2, 3}));
    const auto positions = router.SplitPull(ids);
    std::vector<uint32_t> readers;
    for (const uint32_t server : router.holders()) {
      v1::PullRequest request;
      router.FillPull(ids, server, positions[server], &request);
      CHECK(request.dense() == !positions[server].empty());
      if (request.dense()) readers.push_back(server);
    }
    REQUIRE(readers.size() == 1);
    CHECK(positions[readers[0]].size() == ids.size());
    // The server that fills has nothing to read from yet, and workers that hold nothing do not all ask the same one.
    const auto own = static_cast<uint32_t>(incarnation - 10);
    if (own < 4 && own != 1) CHECK(readers[0] == own);
    if (own >= 4) asked_of.insert(readers[0]);
    if (own == 1) CHECK(readers[0] != 1);
  }
  CHECK(asked_of == std::set<uint32_t>{0, 2, 3});
}

TEST_CASE("One copy's answer makes up all parameters, and a gradient goes to every copy whole") {
  std::mt19937 random(6);
  const v1::Layout layout = Replicated(true);
  const Router router = *Router::Create(Tables(), layout, Precision::kFloat32, {}, /*incarnation=*/12);
  const Truth truth(random);
  PulledParameters pulled;
  pulled.ids = RandomIds(random);
  router.Prepare(&pulled);
  const auto positions = router.SplitPull(pulled.ids);
  // As a server that holds everything alone would answer.
  const v1::PullResponse whole = truth.Answer(LayoutOf(1, 1), 0, pulled.ids);
  for (const uint32_t server : router.holders()) {
    const v1::PullResponse answer = server == 2 ? whole : v1::PullResponse();
    REQUIRE(router.Take(answer, ValuesOf(answer), server, positions[server], &pulled).ok());
    if (server == 2) continue;
    CHECK_FALSE(router.Take(whole, ValuesOf(whole), server, positions[server], &pulled).ok());
  }
  CHECK(pulled.dense[0] == truth.values[0]);
  CHECK(pulled.dense[2] == truth.values[2]);
  for (size_t i = 0; i < pulled.ids.size(); ++i) {
    REQUIRE(std::memcmp(pulled.rows.data() + i * kWidth, truth.values[1].data() + pulled.ids[i] * kWidth,
                        kWidth * sizeof(float)) == 0);
  }
  const auto pushed = router.SplitPush(pulled.ids);
  for (uint32_t server = 0; server < 4; ++server) CHECK(pushed[server].size() == pulled.ids.size());
}

}  // namespace
}  // namespace pumasi
