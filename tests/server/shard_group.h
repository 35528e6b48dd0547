// Some shards that together hold a small job's parameters, driven without any network: what each server is sent is
// worked out here by plain loops.
#ifndef PUMASI_TESTS_SERVER_SHARD_GROUP_H_
#define PUMASI_TESTS_SERVER_SHARD_GROUP_H_

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/crc32c.h"
#include "common/error_detail.h"
#include "common/layout/slots.h"
#include "server/shard.h"
#include "tests/server/plain_messages.h"

namespace pumasi {

// "words" 60 x 3 rows, "kernel" 130 x 200 (two chunks), "bias" 1 x 5.
inline std::vector<v1::TableSpec> SmallTables() {
  std::vector<v1::TableSpec> tables(3);
  const auto fill = [](v1::TableSpec& spec, const char* name, v1::TableSpec::Kind kind, uint64_t rows, uint32_t columns,
                       v1::Initializer::Kind initializer) {
    spec.set_name(name);
    spec.set_kind(kind);
    spec.set_rows(rows);
    spec.set_columns(columns);
    spec.mutable_initializer()->set_kind(initializer);
    spec.mutable_initializer()->set_limit(0.05f);
    spec.mutable_initializer()->set_seed(rows);
  };
  fill(tables[0], "words", v1::TableSpec::ROWS, 60, 3, v1::Initializer::UNIFORM);
  fill(tables[1], "kernel", v1::TableSpec::DENSE, 130, 200, v1::Initializer::GLOROT_UNIFORM);
  fill(tables[2], "bias", v1::TableSpec::DENSE, 1, 5, v1::Initializer::ZEROS);
  return tables;
}

inline v1::Job AdamJob(uint32_t parts) {
  v1::Job job;
  job.set_micro_batches(parts);
  v1::Adam* adam = job.mutable_optimizer()->mutable_adam();
  adam->set_learning_rate(0.01);
  adam->set_beta_1(0.9);
  adam->set_beta_2(0.999);
  adam->set_epsilon(1e-8);
  return job;
}

// A part's gradient: some of the words, often; the tensors; or nothing at all, as of a part without rows.
inline Gradient RandomGradient(std::mt19937_64& random) {
  const std::vector<v1::TableSpec> tables = SmallTables();
  const auto number = [&] { return std::ldexp(static_cast<float>(random() % 2000) - 1000, -int(random() % 16) - 10); };
  Gradient gradient;
  gradient.rows.resize(tables.size());
  gradient.dense.resize(tables.size());
  if (random() % 5 == 0) return gradient;
  for (uint64_t id = 0; id < tables[0].rows(); ++id) {
    // Low ids are frequent, high ones rare.
    if (random() % (id + 2) > 1) continue;
    gradient.rows[0].ids.push_back(id);
    for (uint32_t i = 0; i < tables[0].columns(); ++i) gradient.rows[0].values.push_back(number());
  }
  for (const uint32_t table : {1, 2}) {
    gradient.dense[table].resize(DenseFloats(tables[table]));
    for (float& value : gradient.dense[table]) value = number();
  }
  return gradient;
}

// Whether a layout's server holds the slot, as its primary, backup or filling.
inline bool Holds(const v1::Layout& layout, uint32_t server, uint32_t slot) {
  const auto among = [&](const auto& copies) { return !copies.empty() && copies.Get(slot) == server + 1; };
  return layout.slot_owner(slot) == server || among(layout.slot_backup()) || among(layout.slot_filling());
}

inline void AddRows(const v1::Layout& layout, uint32_t server, uint32_t table, const RowGradient& rows,
                    v1::PushRequest* push) {
  const uint32_t width = SmallTables()[table].columns();
  v1::RowKeys keys;
  std::string values;
  uint64_t previous = 0;
  for (size_t i = 0; i < rows.ids.size(); ++i) {
    if (!Holds(layout, server, SlotOfRow(table, rows.ids[i], layout.slot_owner_size()))) continue;
    keys.add_deltas(rows.ids[i] - previous);
    previous = rows.ids[i];
    values.append(reinterpret_cast<const char*>(rows.values.data() + i * width), width * sizeof(float));
  }
  if (keys.deltas().empty()) return;
  keys.set_table(table);
  *push->add_keys() = keys;
  v1::RowValues* out = push->add_values();
  out->set_table(table);
  out->set_rows(keys.deltas_size());
  out->set_width(width);
  out->set_values(values);
  out->set_crc32c(Crc32c(values));
}

// What a server of a layout is sent of a gradient of parts `range`.
inline v1::PushRequest PushFor(const v1::Layout& layout, uint32_t server, uint64_t version, PartRange range,
                               const Gradient& gradient) {
  const std::vector<v1::TableSpec> tables = SmallTables();
  v1::PushRequest push;
  push.set_version(version);
  push.set_first_part(range.first);
  push.set_end_part(range.end);
  for (uint32_t table = 0; table < tables.size(); ++table) {
    AddRows(layout, server, table, gradient.rows[table], &push);
    for (uint32_t chunk = 0; !gradient.dense[table].empty() && chunk < DenseChunks(tables[table]); ++chunk) {
      if (!Holds(layout, server, SlotOfChunk(table, chunk, layout.slot_owner_size()))) continue;
      v1::DenseChunk* out = push.add_dense();
      out->set_table(table);
      out->set_chunk(chunk);
      out->set_values(reinterpret_cast<const char*>(gradient.dense[table].data() + chunk * kChunkFloats),
                      ChunkFloats(tables[table], chunk) * sizeof(float));
      out->set_crc32c(Crc32c(out->values()));
    }
  }
  return push;
}

// A pull of all rows that the server is the primary of, and all dense values.
inline v1::PullRequest PullFor(const v1::Layout& layout, uint32_t server, uint64_t version) {
  v1::PullRequest request;
  request.set_version(version);
  request.set_dense(true);
  v1::RowKeys* keys = request.add_rows();
  uint64_t previous = 0;
  for (uint64_t id = 0; id < SmallTables()[0].rows(); ++id) {
    if (layout.slot_owner(SlotOfRow(0, id, layout.slot_owner_size())) != server) continue;
    keys->add_deltas(id - previous);
    previous = id;
  }
  return request;
}

// Every value there is.
using AllValues = std::vector<std::vector<float>>;

inline AllValues NoValues() {
  AllValues all;
  for (const v1::TableSpec& table : SmallTables()) all.emplace_back(table.rows() * table.columns(), std::nanf(""));
  return all;
}

// Puts the answer to PullFor where it belongs.
inline void TakeAnswer(const v1::Layout& layout, uint32_t server, const v1::PullResponse& response, AllValues* all) {
  const v1::RowValues& rows = response.rows(0);
  const uint32_t width = SmallTables()[0].columns();
  REQUIRE(rows.width() == width);
  REQUIRE(rows.crc32c() == Crc32c(rows.values()));
  REQUIRE(rows.values().size() == rows.rows() * width * sizeof(float));
  size_t at = 0;
  for (uint64_t id = 0; id < SmallTables()[0].rows(); ++id) {
    if (layout.slot_owner(SlotOfRow(0, id, layout.slot_owner_size())) != server) continue;
    std::memcpy((*all)[0].data() + id * width, rows.values().data() + at * width * sizeof(float),
                width * sizeof(float));
    ++at;
  }
  REQUIRE(at == rows.rows());
  for (const v1::DenseChunk& chunk : response.dense()) {
    REQUIRE(chunk.crc32c() == Crc32c(chunk.values()));
    std::memcpy((*all)[chunk.table()].data() + chunk.chunk() * kChunkFloats, chunk.values().data(),
                chunk.values().size());
  }
}

class ShardGroup {
 public:
  static constexpr uint32_t kSlots = 16;

  // `servers` of them, slots dealt at random by `seed`; a server may get none. `backups`: each slot has a second copy.
  // `log`: what is applied is recorded.
  ShardGroup(const v1::Job& job, uint32_t servers, uint64_t seed = 1, uint64_t first_version = 0, bool backups = false,
             bool log = false)
      : tables_(SmallTables()) {
    std::mt19937_64 random(seed);
    options_.job = job;
    options_.tables = tables_;
    options_.first_version = first_version;
    options_.log = log;
    options_.layout.set_epoch(3);
    for (uint32_t server = 0; server < servers; ++server) options_.layout.add_servers()->set_incarnation(100 + server);
    for (uint32_t slot = 0; slot < kSlots; ++slot)
      options_.layout.add_slot_owner(static_cast<uint32_t>(random() % servers));
    for (uint32_t slot = 0; backups && slot < kSlots; ++slot) {
      const uint32_t backup = (options_.layout.slot_owner(slot) + 1 + random() % (servers - 1)) % servers;
      options_.layout.add_slot_backup(1 + backup);
    }
    for (uint32_t server = 0; server < servers; ++server) {
      options_.incarnation = 100 + server;
      auto shard = Shard::Create(options_);
      REQUIRE(shard.ok());
      shards_.push_back(*std::move(shard));
    }
  }

  std::vector<std::unique_ptr<Shard>>& shards() { return shards_; }
  const v1::Layout& layout() const { return options_.layout; }
  const Shard::Options& options() const { return options_; }

  v1::PushRequest PushFor(uint32_t server, uint64_t version, PartRange range, const Gradient& gradient) const {
    return pumasi::PushFor(layout(), server, version, range, gradient);
  }

  // Pushes to every server; all must give `outcome`.
  void Push(uint64_t version, PartRange range, const Gradient& gradient,
            v1::PushResponse::Outcome outcome = v1::PushResponse::ACCEPTED) {
    for (uint32_t server = 0; server < shards_.size(); ++server) {
      if (!HoldsAny(server)) continue;
      v1::PushResponse response;
      const absl::Status status = PushPlain(*shards_[server], PushFor(server, version, range, gradient), &response);
      INFO(status.ToString());
      REQUIRE(status.ok());
      REQUIRE(response.outcome() == outcome);
      REQUIRE(response.version() == shards_[server]->LeastVersion().value_or(version));
    }
  }

  bool HoldsAny(uint32_t server) const {
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if (Holds(layout(), server, slot)) return true;
    }
    return false;
  }

  v1::PullRequest PullFor(uint32_t server, uint64_t version) const {
    return pumasi::PullFor(layout(), server, version);
  }

  // Everything, at `version`.
  AllValues PullAll(uint64_t version) const {
    AllValues all = NoValues();
    for (uint32_t server = 0; server < shards_.size(); ++server) {
      v1::PullResponse response;
      const absl::Status status = PullPlain(*shards_[server], PullFor(server, version), &response);
      INFO(status.ToString());
      REQUIRE(status.ok());
      REQUIRE(response.version() == version);
      TakeAnswer(layout(), server, response, &all);
    }
    return all;
  }

 private:
  const std::vector<v1::TableSpec> tables_;
  Shard::Options options_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

inline bool SameBits(const AllValues& a, const AllValues& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0;
  });
}

// Parts of a batch, cut at random into nodes of the tree, in any order.
inline std::vector<PartRange> RandomNodes(uint32_t parts, std::mt19937_64& random) {
  std::vector<PartRange> nodes;
  for (uint32_t first = 0; first < parts; first = nodes.back().end) {
    nodes.push_back(LargestNode(first, parts, 1 + random() % parts, parts));
  }
  std::shuffle(nodes.begin(), nodes.end(), random);
  return nodes;
}

// What a worker pushes for a node: the sum over its parts.
inline Gradient SumOf(const std::vector<Gradient>& parts, PartRange range) {
  std::vector<uint32_t> widths;
  for (const v1::TableSpec& table : SmallTables()) widths.push_back(table.columns());
  PartTree tree(static_cast<uint32_t>(parts.size()), widths);
  for (uint32_t part = range.first; part < range.end; ++part) tree.Insert({part, part + 1}, Gradient(parts[part]));
  return tree.Take();
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_SERVER_SHARD_GROUP_H_
