// The router of a layout in which rows lie on servers and dense tensors on workers.
#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <numeric>
#include <vector>

#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "worker/exchange/router.h"

namespace pumasi {
namespace {

constexpr uint32_t kSlots = 8, kRows = 300, kWidth = 3, kFloats = 50000;

// A tensor of four chunks, and rows.
std::vector<v1::TableSpec> Tables() {
  std::vector<v1::TableSpec> tables(2);
  tables[0].set_name("dense");
  tables[0].set_kind(v1::TableSpec::DENSE);
  tables[0].set_rows(1);
  tables[0].set_columns(kFloats);
  tables[1].set_name("rows");
  tables[1].set_kind(v1::TableSpec::ROWS);
  tables[1].set_rows(kRows);
  tables[1].set_columns(kWidth);
  return tables;
}

// Rows in slots [0, kSlots), on servers 0 and 1, each the other's second copy; dense chunks in as many after them, on
// workers 2 and 3, and being copied to 4. Their incarnations begin at 10.
v1::Layout Apart() {
  v1::Layout layout;
  for (int node = 0; node < 5; ++node) layout.add_servers()->set_incarnation(10 + node);
  layout.set_dense_from(kSlots);
  for (uint32_t slot = 0; slot < 2 * kSlots; ++slot) {
    const bool rows = slot < kSlots;
    layout.add_slot_owner(slot % 2 + (rows ? 0 : 2));
    layout.add_slot_backup(rows ? 2 - slot % 2 : 0);
    layout.add_slot_filling(rows ? 0 : 5);
  }
  for (const uint32_t replica : {2, 3}) layout.add_replicas(replica);
  return layout;
}

float RowValue(uint64_t id, uint32_t column) { return static_cast<float>(10 * id + column); }

// What the primary of some rows answers.
v1::PullResponse RowsAnswer(const std::vector<uint64_t>& ids, const std::vector<uint32_t>& positions) {
  std::vector<float> values;
  for (const uint32_t position : positions) {
    for (uint32_t column = 0; column < kWidth; ++column) values.push_back(RowValue(ids[position], column));
  }
  v1::PullResponse answer;
  v1::RowValues* rows = answer.add_rows();
  rows->set_table(1);
  rows->set_rows(positions.size());
  rows->set_width(kWidth);
  rows->set_values(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  rows->set_crc32c(Crc32c(rows->values()));
  return answer;
}

// What a worker with all dense chunks answers.
v1::PullResponse DenseAnswer(const std::vector<float>& tensor) {
  v1::PullResponse answer;
  for (uint32_t number = 0; number < DenseChunks(Tables()[0]); ++number) {
    v1::DenseChunk* chunk = answer.add_dense();
    chunk->set_chunk(number);
    chunk->set_values(reinterpret_cast<const char*>(tensor.data() + number * kChunkFloats),
                      ChunkFloats(Tables()[0], number) * sizeof(float));
    chunk->set_crc32c(Crc32c(chunk->values()));
  }
  return answer;
}

std::vector<uint64_t> EveryThirdId() {
  std::vector<uint64_t> ids;
  for (uint64_t id = 0; id < kRows; id += 3) ids.push_back(id);
  return ids;
}

TEST_CASE("Rows come from servers, and tensors from one worker: oneself, if one has them") {
  std::vector<float> tensor(kFloats);
  std::iota(tensor.begin(), tensor.end(), 0.0f);
  // 14 is being filled, and 15 has nothing yet.
  const uint64_t own = GENERATE(12, 13, 14, 15);
  CAPTURE(own);
  const Router router = *Router::Create(Tables(), Apart(), Precision::kFloat32, {}, own);
  CHECK(router.holders() == std::vector<uint32_t>{0, 1, 2, 3, 4});
  PulledParameters pulled;
  pulled.ids = EveryThirdId();
  router.Prepare(&pulled);
  const auto positions = router.SplitPull(pulled.ids);
  int readers = 0;
  for (const uint32_t server : router.holders()) {
    v1::PullRequest request;
    router.FillPull(pulled.ids, server, positions[server], &request);
    CHECK(request.rows().empty() == (server >= 2));
    if (server < 2 || server == 4) CHECK_FALSE(request.dense());
    if (server >= 2 && own < 14) CHECK(request.dense() == (10 + server == own));
    readers += request.dense();
    const v1::PullResponse answer = server < 2        ? RowsAnswer(pulled.ids, positions[server])
                                    : request.dense() ? DenseAnswer(tensor)
                                                      : v1::PullResponse();
    REQUIRE(router.Take(answer, ValuesOf(answer), server, positions[server], &pulled).ok());
  }
  CHECK(readers == 1);
  CHECK(pulled.dense[0] == tensor);
  for (size_t i = 0; i < pulled.ids.size(); ++i) {
    for (uint32_t column = 0; column < kWidth; ++column) {
      REQUIRE(pulled.rows[i * kWidth + column] == RowValue(pulled.ids[i], column));
    }
  }
}

TEST_CASE("A gradient's rows go to both copies on servers, its tensors to every worker that holds them or will") {
  const Router router = *Router::Create(Tables(), Apart());
  Gradient gradient;
  gradient.rows.resize(2);
  gradient.dense.resize(2);
  gradient.rows[1] = {EveryThirdId(), std::vector<float>(EveryThirdId().size() * kWidth, 0.5f)};
  gradient.dense[0].assign(kFloats, 0.25f);
  const auto shared = std::make_shared<const Gradient>(gradient);
  const auto positions = router.SplitPush(gradient);
  for (const uint32_t server : router.holders()) {
    CAPTURE(server);
    OutgoingPush push;
    router.FillPush(shared, server, positions[server], &push);
    CHECK(positions[server].size() == (server < 2 ? gradient.rows[1].ids.size() : 0));
    CHECK(push.head.keys_size() == (server < 2 ? 1 : 0));
    CHECK(push.head.dense_size() == (server < 2 ? 0 : 4));
  }
}

}  // namespace
}  // namespace pumasi
