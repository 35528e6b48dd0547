#include "common/checkpoint/parameters_hash.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "common/sha256.h"
#include "tests/checkpoint/small_checkpoint.h"
#include "tests/common/temp_folder.h"

namespace pumasi {
namespace {

// Rows start as their id, and gain one in each step that they missed.
class CountingValues : public RowValues {
 public:
  void Initial(const v1::TableSpec& spec, uint64_t row, float* out) const override {
    for (uint32_t i = 0; i < spec.columns(); ++i) out[i] = static_cast<float>(row);
  }
  void Current(const v1::TableSpec& spec, uint64_t last_step, uint64_t version, const float* state,
               float* out) const override {
    for (uint32_t i = 0; i < spec.columns(); ++i) out[i] = state[i] + static_cast<float>(version - last_step);
  }
};

std::string HashOf(const SmallCheckpoint& small, uint32_t servers = 1) {
  TempFolder folder;
  small.WriteFolder(folder / "model", servers);
  auto hash = ParametersSha256(**ModelFolder::Open(RealFiles(), folder / "model"), CountingValues());
  REQUIRE(hash.ok());
  return *hash;
}

// The same from the definition: tables by name, rows by id, every value.
std::string HashByDefinition(const SmallCheckpoint& small) {
  std::vector<float> all;
  const auto add_rows = [&](uint32_t table) {
    const v1::TableSpec& spec = small.tables[table];
    for (uint64_t id = 0; id < spec.rows(); ++id) {
      std::vector<float> value(spec.columns(), static_cast<float>(id));
      for (const auto& row : small.rows[table]) {
        for (uint32_t i = 0; row.id == id && i < spec.columns(); ++i) {
          value[i] = row.state[i] + static_cast<float>(SmallCheckpoint::kVersion - row.last_step);
        }
      }
      all.insert(all.end(), value.begin(), value.end());
    }
  };
  const auto add_dense = [&](uint32_t table) {
    for (const auto& chunk : small.chunks[table])
      all.insert(all.end(), chunk.begin(), chunk.begin() + chunk.size() / 2);
  };
  add_dense(2);  // bias
  add_dense(1);  // kernel
  add_rows(3);   // letters
  add_rows(0);   // words
  return Sha256Hex({reinterpret_cast<const char*>(all.data()), all.size() * sizeof(float)});
}

TEST_CASE("The hash is the one of the definition, whatever the number of files") {
  const SmallCheckpoint small;
  const std::string want = HashByDefinition(small);
  for (const uint32_t servers : {1, 2, 3, 8}) {
    CAPTURE(servers);
    CHECK(HashOf(small, servers) == want);
  }
}

TEST_CASE("A row that is stored as it would be anyway changes nothing") {
  SmallCheckpoint small;
  const std::string before = HashOf(small);
  small.rows[3].insert(small.rows[3].begin(), {2, SmallCheckpoint::kVersion, {2, 2, 9, 9}});
  CHECK(HashOf(small) == before);
}

TEST_CASE("Optimizer slots do not count") {
  SmallCheckpoint small;
  const std::string before = HashOf(small);
  small.rows[0][1].state[4] += 1;
  small.chunks[2][0][7] += 1;
  CHECK(HashOf(small) == before);
}

TEST_CASE("Any value that differs shows: of a row, of a tensor, of a step that was missed") {
  const std::string before = HashOf(SmallCheckpoint());
  SmallCheckpoint row, tensor, step;
  row.rows[0].back().state[2] += 1;
  tensor.chunks[1][1][13615] += 1;
  step.rows[3][0].last_step += 1;
  CHECK(HashOf(row) != before);
  CHECK(HashOf(tensor) != before);
  CHECK(HashOf(step) != before);
}

TEST_CASE("Many rows, stored and not, are hashed in blocks as if in one piece") {
  SmallCheckpoint small;
  small.tables[0].set_rows(60000);
  for (uint64_t id = 40; id < 60000; id += 7) small.AddRow(0, id, 7);
  CHECK(HashOf(small, 2) == HashByDefinition(small));
}

TEST_CASE("A damaged checkpoint has no hash") {
  TempFolder folder;
  SmallCheckpoint small;
  small.chunks[1].pop_back();
  small.WriteFolder(folder / "model", 1);
  CHECK(absl::IsDataLoss(
      ParametersSha256(**ModelFolder::Open(RealFiles(), folder / "model"), CountingValues()).status()));
}

}  // namespace
}  // namespace pumasi
