// A checkpoint small enough to know every number of: two row tables and two tensors, some rows of them changed, written
// to any number of shard files.
#ifndef PUMASI_TESTS_CHECKPOINT_SMALL_CHECKPOINT_H_
#define PUMASI_TESTS_CHECKPOINT_SMALL_CHECKPOINT_H_

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "common/checkpoint/manifest.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/shard_writer.h"
#include "common/crc32c.h"
#include "common/file.h"
#include "common/layout/slots.h"
#include "tests/checkpoint/failing_files.h"

namespace pumasi {

struct SmallCheckpoint {
  static constexpr uint32_t kSlots = 8;
  static constexpr uint64_t kVersion = 30;
  // Value and one optimizer slot.
  static constexpr uint32_t kCopies = 2;

  struct Row {
    uint64_t id;
    uint64_t last_step;
    std::vector<float> state;
  };

  // "words" 40 x 3 rows, "kernel" 3 x 10000 (two chunks), "bias" 1 x 5, "letters" 7 x 2 rows.
  std::vector<v1::TableSpec> tables;
  // By table: changed rows by ascending id, and the chunks' states.
  std::vector<std::vector<Row>> rows;
  std::vector<std::vector<std::vector<float>>> chunks;
  std::string labels = "cats\ndogs\n";

  SmallCheckpoint() {
    Add("words", v1::TableSpec::ROWS, 40, 3);
    Add("kernel", v1::TableSpec::DENSE, 3, 10000);
    Add("bias", v1::TableSpec::DENSE, 1, 5);
    Add("letters", v1::TableSpec::ROWS, 7, 2);
    for (const uint64_t id : {0, 3, 4, 17, 31, 39}) AddRow(0, id, id % 3 == 0 ? kVersion : 7);
    AddRow(3, 6, 1);
  }

  void Add(const char* name, v1::TableSpec::Kind kind, uint64_t row_count, uint32_t columns) {
    v1::TableSpec& spec = tables.emplace_back();
    spec.set_name(name);
    spec.set_kind(kind);
    spec.set_rows(row_count);
    spec.set_columns(columns);
    spec.mutable_initializer()->set_kind(v1::Initializer::ZEROS);
    rows.emplace_back();
    chunks.emplace_back();
    for (uint32_t chunk = 0; kind == v1::TableSpec::DENSE && chunk < DenseChunks(spec); ++chunk) {
      std::vector<float>& state = chunks.back().emplace_back(ChunkFloats(spec, chunk) * kCopies);
      for (size_t i = 0; i < state.size(); ++i)
        state[i] = static_cast<float>(tables.size() * 1000000 + chunk * 100000 + i);
    }
  }

  void AddRow(uint32_t table, uint64_t id, uint64_t last_step) {
    std::vector<float> state(tables[table].columns() * kCopies);
    for (size_t i = 0; i < state.size(); ++i) state[i] = static_cast<float>(id) + static_cast<float>(i) / 16;
    rows[table].push_back({id, last_step, state});
  }

  // Writes one shard file with the slots that `owned` says.
  template <typename Owned>
  absl::StatusOr<ShardFileInfo> WriteShard(Files& files, const std::string& path, Owned owned) const {
    auto writer = ShardWriter::Create(files, path);
    if (!writer.ok()) return writer.status();
    for (uint32_t table = 0; table < tables.size(); ++table) {
      for (uint32_t slot = 0; slot < kSlots; ++slot) {
        if (!owned(slot)) continue;
        if (absl::Status status = WriteSection(**writer, table, slot); !status.ok()) return status;
      }
    }
    v1::Progress progress;
    progress.set_version(kVersion);
    return (*writer)->Finish(progress);
  }

  absl::Status WriteSection(ShardWriter& writer, uint32_t table, uint32_t slot) const {
    bool begun = false;
    const auto begin = [&] {
      if (begun) return absl::OkStatus();
      begun = true;
      return writer.BeginSection(table, slot);
    };
    for (const Row& row : rows[table]) {
      if (SlotOfRow(table, row.id, kSlots) != slot) continue;
      if (absl::Status status = begin(); !status.ok()) return status;
      const auto floats = static_cast<uint32_t>(row.state.size());
      if (absl::Status status = writer.AddRow(row.id, row.last_step, row.state.data(), floats); !status.ok())
        return status;
    }
    for (uint32_t chunk = 0; chunk < chunks[table].size(); ++chunk) {
      if (SlotOfChunk(table, chunk, kSlots) != slot) continue;
      if (absl::Status status = begin(); !status.ok()) return status;
      const auto total = static_cast<uint32_t>(chunks[table][chunk].size());
      absl::Status status = writer.AddDense(chunk, chunks[table][chunk].data(), total / kCopies, total);
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // The manifest of a folder that has no shard files yet.
  v1::Manifest Manifest() const {
    v1::Manifest manifest;
    manifest.set_format(kCheckpointFormat);
    manifest.set_job_id("small-1");
    *manifest.mutable_tables() = {tables.begin(), tables.end()};
    manifest.mutable_progress()->set_version(kVersion);
    manifest.set_slots(kSlots);
    manifest.add_optimizer_slots("m");
    return manifest;
  }

  // A whole folder of `servers` shard files, slots dealt in turn.
  void WriteFolder(const std::string& folder, uint32_t servers) const {
    FailingFiles disk;
    Check(disk.MakeFolder(folder));
    v1::Manifest manifest = Manifest();
    for (uint32_t server = 0; server < servers; ++server) {
      const std::string name = "shard-" + std::to_string(server);
      auto info = WriteShard(disk, folder + "/" + name, [&](uint32_t slot) { return slot % servers == server; });
      Check(info.status());
      auto* file = manifest.add_shards();
      file->set_name(name);
      file->set_size(info->size);
      file->set_crc32c(info->crc32c);
    }
    disk.Put(folder + "/labels.txt", labels);
    auto* asset = manifest.add_assets();
    asset->set_name("labels.txt");
    asset->set_size(labels.size());
    asset->set_crc32c(Crc32c(labels));
    WriteManifest(folder, manifest);
  }

  static void WriteManifest(const std::string& folder, const v1::Manifest& manifest) {
    FailingFiles disk;
    Check(pumasi::WriteManifest(disk, folder, manifest));
  }

  static void Check(const absl::Status& status) {
    if (!status.ok()) throw std::runtime_error(status.ToString());
  }
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_CHECKPOINT_SMALL_CHECKPOINT_H_
