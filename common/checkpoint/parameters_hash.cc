#include "common/checkpoint/parameters_hash.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <vector>

#include "common/sha256.h"

namespace pumasi {
namespace {

// Rows are hashed in blocks of about this many floats: one Update a row would cost more than the hash.
constexpr size_t kBlockFloats = 1 << 16;

absl::Status HashRows(const ModelFolder& model, uint32_t table, const RowValues& values, Sha256& hash) {
  const v1::TableSpec& spec = model.manifest().tables(table);
  const uint64_t version = model.manifest().progress().version();
  auto stored = model.AllRows(table);
  if (!stored.ok()) return stored.status();
  const size_t width = spec.columns();
  std::vector<float> block, state(model.RowFloats(table));
  block.reserve(kBlockFloats + width);
  auto next = stored->begin();
  for (uint64_t id = 0; id < spec.rows(); ++id) {
    block.resize(block.size() + width);
    float* out = block.data() + block.size() - width;
    if (next != stored->end() && next->id == id) {
      std::memcpy(state.data(), next->state, state.size() * sizeof(float));
      values.Current(spec, next->last_step, version, state.data(), out);
      ++next;
    } else {
      values.Initial(spec, id, out);
    }
    if (block.size() >= kBlockFloats) {
      hash.Update(block.data(), block.size() * sizeof(float));
      block.clear();
    }
  }
  hash.Update(block.data(), block.size() * sizeof(float));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ParametersSha256(const ModelFolder& model, const RowValues& values) {
  const auto& tables = model.manifest().tables();
  std::vector<uint32_t> order(tables.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return tables[a].name() < tables[b].name(); });
  Sha256 hash;
  for (uint32_t table : order) {
    if (tables[table].kind() == v1::TableSpec::ROWS) {
      if (absl::Status status = HashRows(model, table, values, hash); !status.ok()) return status;
    } else {
      auto dense = model.DenseValues(table);
      if (!dense.ok()) return dense.status();
      hash.Update(dense->data(), dense->size() * sizeof(float));
    }
  }
  return hash.Hex();
}

}  // namespace pumasi
