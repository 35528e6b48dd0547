// A job whose parameters are small enough to follow: one row table of which each version changes some rows, and one
// dense one. Writes the shard files of any version, whole or as changes, as the servers would, onto any disk.
#ifndef PUMASI_TESTS_SCHEDULER_CHECKPOINT_SCENE_H_
#define PUMASI_TESTS_SCHEDULER_CHECKPOINT_SCENE_H_

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/parameters_hash.h"
#include "common/checkpoint/shard_writer.h"
#include "common/file.h"
#include "common/layout/slots.h"
#include "ops/optimizer_row_values.h"
#include "scheduler/checkpoint_folder.h"

namespace pumasi {

struct CheckpointScene {
  static constexpr uint32_t kSlots = 4, kServers = 2;
  static constexpr uint64_t kRows = 24;
  static constexpr uint32_t kBias = 3;
  const Assets assets = {{"labels.txt", "cats\ndogs\n"}};

  static std::string Name(uint64_t version) { return absl::StrFormat("checkpoint-%09d", version); }

  // The step at which a row was changed last, at `version`: row r at each step that r + 2 divides.
  static uint64_t LastStep(uint64_t row, uint64_t version) { return version / (row + 2) * (row + 2); }

  static v1::Manifest Manifest(uint64_t version) {
    v1::Manifest manifest;
    manifest.set_job_id("scene-1");
    manifest.mutable_job()->set_batch(4);
    manifest.mutable_job()->mutable_optimizer()->mutable_sgd()->set_learning_rate(0.5);
    manifest.set_slots(kSlots);
    manifest.mutable_progress()->set_version(version);
    v1::TableSpec* words = manifest.add_tables();
    words->set_name("words");
    words->set_kind(v1::TableSpec::ROWS);
    words->set_rows(kRows);
    words->set_columns(1);
    words->mutable_initializer()->set_kind(v1::Initializer::ONES);
    v1::TableSpec* bias = manifest.add_tables();
    bias->set_name("bias");
    bias->set_kind(v1::TableSpec::DENSE);
    bias->set_rows(1);
    bias->set_columns(kBias);
    return manifest;
  }

  // Writes what the servers write, and says what the scheduler knows. `since` 0: whole.
  static absl::StatusOr<JobRun::FinishCheckpoint> Write(Files& files, const std::string& output, uint64_t version,
                                                        uint64_t since, uint32_t keep) {
    JobRun::FinishCheckpoint checkpoint;
    checkpoint.folder = absl::StrCat(".", Name(version), ".tmp");
    checkpoint.name = Name(version);
    checkpoint.keep = keep;
    if (since > 0) checkpoint.base = Name(since);
    checkpoint.manifest = Manifest(version);
    const std::string folder = absl::StrCat(output, "/", checkpoint.folder);
    if (absl::Status status = files.MakeFolder(folder); !status.ok()) return status;
    for (uint32_t server = 0; server < kServers; ++server) {
      const std::string name = absl::StrFormat("shard-%09d-%05d-of-%05d", version, server, kServers);
      auto info = WriteShard(files, folder + "/" + name, server, checkpoint.manifest.progress(), since);
      if (!info.ok()) return info.status();
      v1::Manifest::File* file = checkpoint.manifest.add_shards();
      file->set_name(name);
      file->set_size(info->size);
      file->set_crc32c(info->crc32c);
      file->set_version(version);
      file->set_since(since);
    }
    return checkpoint;
  }

  // Which server holds a slot changes from version to version.
  static absl::StatusOr<ShardFileInfo> WriteShard(Files& files, const std::string& path, uint32_t server,
                                                  const v1::Progress& progress, uint64_t since) {
    auto writer = ShardWriter::Create(files, path);
    if (!writer.ok()) return writer.status();
    const uint64_t version = progress.version();
    for (uint32_t slot = 0; slot < kSlots; ++slot) {
      if ((slot + version / 10) % kServers != server) continue;
      if (absl::Status status = (*writer)->BeginSection(0, slot); !status.ok()) return status;
      for (uint64_t row = 0; row < kRows; ++row) {
        const uint64_t step = LastStep(row, version);
        if (SlotOfRow(0, row, kSlots) != slot || step <= since) continue;
        const float value = Value(row, step);
        if (absl::Status status = (*writer)->AddRow(row, step, &value, 1); !status.ok()) return status;
      }
      if (SlotOfChunk(1, 0, kSlots) != slot) continue;
      if (absl::Status status = (*writer)->BeginSection(1, slot); !status.ok()) return status;
      const std::vector<float> bias(kBias, static_cast<float>(version));
      if (absl::Status status = (*writer)->AddDense(0, bias.data(), kBias, kBias); !status.ok()) return status;
    }
    return (*writer)->Finish(progress, since);
  }

  static float Value(uint64_t row, uint64_t step) { return static_cast<float>(row * 1000 + step); }

  // Is `folder` a whole checkpoint of `version`, with the parameters of that version?
  static absl::Status Check(Files& files, const std::string& folder, uint64_t version) {
    auto model = ModelFolder::Open(files, folder);
    if (!model.ok()) return model.status();
    if (absl::Status status = (*model)->Verify(); !status.ok()) return status;
    if ((*model)->manifest().progress().version() != version) return absl::DataLossError("another version");
    auto rows = (*model)->AllRows(0);
    if (!rows.ok()) return rows.status();
    auto row = rows->begin();
    for (uint64_t id = 0; id < kRows; ++id) {
      const uint64_t step = LastStep(id, version);
      if (step == 0) continue;
      const float want = Value(id, step);
      if (row == rows->end() || row->id != id || row->last_step != step ||
          std::memcmp(row->state, &want, sizeof want) != 0) {
        return absl::DataLossError(absl::StrCat("row ", id, " is not that of step ", step));
      }
      ++row;
    }
    if (row != rows->end()) return absl::DataLossError("more rows than there should be");
    auto bias = (*model)->DenseValues(1);
    if (!bias.ok()) return bias.status();
    if (*bias != std::vector<float>(kBias, static_cast<float>(version))) return absl::DataLossError("another bias");
    return absl::OkStatus();
  }

  // Writes, completes, and removes old ones.
  absl::Status Complete(Files& files, const std::string& output, uint64_t version, uint64_t since,
                        uint32_t keep) const {
    auto checkpoint = Write(files, output, version, since, keep);
    if (!checkpoint.ok()) return checkpoint.status();
    if (auto done = CompleteCheckpoint(files, output, *checkpoint, assets); !done.ok()) return done.status();
    RemoveOldCheckpoints(files, output, checkpoint->name, checkpoint->keep);
    return absl::OkStatus();
  }
};

}  // namespace pumasi

#endif  // PUMASI_TESTS_SCHEDULER_CHECKPOINT_SCENE_H_
