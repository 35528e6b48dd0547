#include "common/checkpoint/model_folder.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/crc32c.h"
#include "common/file.h"
#include "common/layout/slots.h"

namespace pumasi {
namespace {

constexpr uint64_t kMaxManifestBytes = 64 << 20;
// Far beyond any optimizer and any tensor, and small enough that no product of sizes overflows.
constexpr int kMaxOptimizerSlots = 16;
constexpr uint64_t kMaxDenseFloats = uint64_t{1} << 40;

// A manifest comes from a disk and may come from a stranger: names must not lead out of the folder.
bool IsPlainName(const std::string& name) {
  return !name.empty() && name[0] != '.' && !absl::StrContains(name, "/") && !absl::StrContains(name, "\\");
}

}  // namespace

absl::StatusOr<v1::Manifest> ReadManifest(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/", kManifestName);
  auto json = ReadFile(RealFiles(), path, kMaxManifestBytes);
  if (!json.ok()) {
    return absl::Status(json.status().code(),
                        absl::StrCat(folder, " is no model or checkpoint folder: ", json.status().message()));
  }
  v1::Manifest manifest;
  if (auto status = google::protobuf::util::JsonStringToMessage(*json, &manifest); !status.ok()) {
    return absl::DataLossError(absl::StrCat(path, ": not a manifest: ", status.ToString()));
  }
  if (manifest.format() != kCheckpointFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": format ", manifest.format(), "; this program reads format ", kCheckpointFormat));
  }
  for (const auto* files : {&manifest.shards(), &manifest.assets()}) {
    for (const auto& file : *files) {
      if (!IsPlainName(file.name()))
        return absl::DataLossError(absl::StrCat(path, ": bad file name '", file.name(), "'"));
    }
  }
  if (manifest.slots() == 0 || manifest.tables_size() == 0) {
    return absl::DataLossError(absl::StrCat(path, ": no tables or no slots"));
  }
  if (manifest.optimizer_slots_size() > kMaxOptimizerSlots) {
    return absl::DataLossError(absl::StrCat(path, ": ", manifest.optimizer_slots_size(), " optimizer slots; at most ",
                                            kMaxOptimizerSlots, " are possible"));
  }
  for (const auto& table : manifest.tables()) {
    const bool rows = table.kind() == v1::TableSpec::ROWS;
    if (!rows && table.kind() != v1::TableSpec::DENSE) {
      return absl::DataLossError(absl::StrCat(path, ": table ", table.name(), " is of an unknown kind"));
    }
    if (table.columns() == 0 || table.columns() > 1 << 20 || table.rows() > uint64_t{1} << 40 ||
        (!rows && DenseFloats(table) > kMaxDenseFloats)) {
      return absl::DataLossError(absl::StrCat(path, ": table ", table.name(), " has an impossible shape"));
    }
  }
  return manifest;
}

absl::StatusOr<std::unique_ptr<ModelFolder>> ModelFolder::Open(const std::string& folder) {
  auto manifest = ReadManifest(folder);
  if (!manifest.ok()) return manifest.status();
  auto model = std::make_unique<ModelFolder>();
  model->folder_ = folder;
  model->manifest_ = *std::move(manifest);
  for (const auto& file : model->manifest_.shards()) {
    auto reader = ShardReader::Open(folder + "/" + file.name());
    if (!reader.ok()) return reader.status();
    if ((*reader)->size() != file.size()) {
      return absl::DataLossError(
          absl::StrCat((*reader)->path(), ": ", (*reader)->size(), " bytes, the manifest says ", file.size()));
    }
    for (const auto& section : (*reader)->index().sections()) {
      const bool known =
          section.table() < uint32_t(model->manifest_.tables_size()) && section.slot() < model->manifest_.slots();
      if (!known ||
          !model->sections_.emplace(std::pair(section.table(), section.slot()), Place{reader->get(), &section})
               .second) {
        return absl::DataLossError(absl::StrCat((*reader)->path(), ": table ", section.table(), " slot ",
                                                section.slot(), known ? " is there twice" : " is not in the manifest"));
      }
    }
    model->shards_.push_back(*std::move(reader));
  }
  return model;
}

absl::Status ModelFolder::Verify() const {
  for (int i = 0; i < manifest_.shards_size(); ++i) {
    if (shards_[i]->FileCrc32c() != manifest_.shards(i).crc32c()) {
      return absl::DataLossError(absl::StrCat(shards_[i]->path(), ": checksum differs from the manifest's"));
    }
  }
  for (const auto& asset : manifest_.assets()) {
    auto bytes = ReadFile(RealFiles(), AssetPath(asset.name()), asset.size());
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() != asset.size() || Crc32c(bytes->data(), bytes->size()) != asset.crc32c()) {
      return absl::DataLossError(absl::StrCat(AssetPath(asset.name()), ": differs from the manifest"));
    }
  }
  return absl::OkStatus();
}

uint64_t ModelFolder::RowFloats(uint32_t table) const { return manifest_.tables(table).columns() * copies(); }

absl::Status ModelFolder::VisitRows(uint32_t table, uint32_t slot, const ShardReader::RowVisitor& visit) const {
  const auto place = sections_.find({table, slot});
  if (place == sections_.end()) return absl::OkStatus();
  const v1::TableSpec& spec = manifest_.tables(table);
  absl::Status bad;
  absl::Status status = place->second.reader->VisitRows(
      *place->second.section, RowFloats(table), [&](uint64_t id, uint64_t last_step, const char* state) {
        if (!bad.ok()) return;
        if (id >= spec.rows() || SlotOfRow(table, id, manifest_.slots()) != slot ||
            last_step > manifest_.progress().version()) {
          bad = absl::DataLossError(absl::StrCat(place->second.reader->path(), ": row ", id, " of ", spec.name(),
                                                 " at step ", last_step, " does not belong to slot ", slot,
                                                 " of a table of ", spec.rows(), " rows at version ",
                                                 manifest_.progress().version()));
          return;
        }
        visit(id, last_step, state);
      });
  return status.ok() ? bad : status;
}

absl::Status ModelFolder::VisitDense(uint32_t table, uint32_t slot, const ShardReader::DenseVisitor& visit) const {
  const auto place = sections_.find({table, slot});
  if (place == sections_.end()) return absl::OkStatus();
  const v1::TableSpec& spec = manifest_.tables(table);
  absl::Status bad;
  absl::Status status = place->second.reader->VisitDense(
      *place->second.section, copies(), [&](uint32_t chunk, uint32_t floats, const char* state) {
        if (chunk >= DenseChunks(spec) || ChunkFloats(spec, chunk) != floats ||
            SlotOfChunk(table, chunk, manifest_.slots()) != slot) {
          bad = absl::DataLossError(absl::StrCat(place->second.reader->path(), ": chunk ", chunk, " of ", spec.name(),
                                                 " does not fit the table"));
        } else if (bad.ok()) {
          visit(chunk, floats, state);
        }
      });
  return status.ok() ? bad : status;
}

absl::StatusOr<std::vector<ModelFolder::Row>> ModelFolder::AllRows(uint32_t table) const {
  std::vector<Row> rows;
  for (uint32_t slot = 0; slot < manifest_.slots(); ++slot) {
    absl::Status status = VisitRows(table, slot, [&](uint64_t id, uint64_t last_step, const char* state) {
      rows.push_back({id, last_step, state});
    });
    if (!status.ok()) return status;
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.id < b.id; });
  return rows;
}

absl::StatusOr<std::vector<float>> ModelFolder::DenseValues(uint32_t table) const {
  const v1::TableSpec& spec = manifest_.tables(table);
  uint64_t stored_bytes = 0;
  for (const auto& shard : shards_) stored_bytes += shard->size();
  // Before memory is asked for: the manifest may claim any shape.
  if (DenseFloats(spec) > stored_bytes / sizeof(float)) {
    return absl::DataLossError(absl::StrCat(folder_, ": ", spec.name(), " should have ", DenseFloats(spec),
                                            " values, more than its files can hold"));
  }
  std::vector<float> values(DenseFloats(spec));
  uint64_t seen = 0;
  for (uint32_t slot = 0; slot < manifest_.slots(); ++slot) {
    absl::Status status = VisitDense(table, slot, [&](uint32_t chunk, uint32_t floats, const char* state) {
      std::memcpy(values.data() + chunk * kChunkFloats, state, floats * sizeof(float));
      seen += floats;
    });
    if (!status.ok()) return status;
  }
  if (seen != values.size()) {
    return absl::DataLossError(
        absl::StrCat(folder_, ": ", spec.name(), " has ", seen, " of its ", values.size(), " values"));
  }
  return values;
}

}  // namespace pumasi
