#include "common/checkpoint/model_folder.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "common/consistency.h"
#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "common/planted_bug.h"

namespace pumasi {
absl::StatusOr<std::unique_ptr<ModelFolder>> ModelFolder::Open(Files& files, const std::string& folder) {
  auto manifest = ReadManifest(files, folder);
  if (!manifest.ok()) return manifest.status();
  std::unique_ptr<ModelFolder> model(new ModelFolder(files));
  model->folder_ = folder;
  model->manifest_ = *std::move(manifest);
  for (const auto& file : model->manifest_.shards()) {
    auto reader = ShardReader::Open(files, folder + "/" + file.name());
    if (!reader.ok()) return reader.status();
    if (absl::Status status = model->AddShard(file, *std::move(reader)); !status.ok()) return status;
  }
  const uint64_t latest = model->manifest_.shards().empty() ? 0 : model->manifest_.shards().rbegin()->version();
  for (const auto& [key, places] : model->sections_) {
    if (places.back().file->version() == latest) continue;
    return absl::DataLossError(absl::StrCat(folder, ": no file of version ", latest, " has table ", key.first, " slot ",
                                            key.second, "; the last one is ", places.back().reader->path()));
  }
  return model;
}

absl::Status ModelFolder::AddShard(const v1::Manifest::File& file, std::unique_ptr<ShardReader> reader) {
  const auto bad = [&](const auto&... what) {
    return absl::DataLossError(absl::StrCat(reader->path(), ": ", what...));
  };
  if (reader->size() != file.size()) return bad(reader->size(), " bytes, the manifest says ", file.size());
  const v1::ShardIndex& index = reader->index();
  if (index.since() != file.since() || (file.version() != 0 && index.progress().version() != file.version())) {
    return bad("of version ", index.progress().version(), " since ", index.since(), ", the manifest says ",
               file.version(), " since ", file.since());
  }
  for (const auto& section : index.sections()) {
    const auto where = absl::StrCat("table ", section.table(), " slot ", section.slot());
    if (section.table() >= uint32_t(manifest_.tables_size()) || section.slot() >= manifest_.slots()) {
      return bad(where, " is not in the manifest");
    }
    std::vector<Place>& places = sections_[{section.table(), section.slot()}];
    if (!places.empty() && places.back().file->version() == file.version()) return bad(where, " is there twice");
    if (file.since() == 0) {
      // The file has all rows: none of an older one counts.
      places.clear();
    } else if (places.empty() || places.back().file->version() != file.since()) {
      return bad(where, ": only what changed since version ", file.since(), ", and no file of that version has it");
    }
    places.push_back({reader.get(), &section, &file});
  }
  shards_.push_back(std::move(reader));
  return absl::OkStatus();
}

absl::Status ModelFolder::Verify() const {
  for (int i = 0; i < manifest_.shards_size(); ++i) {
    if (shards_[i]->FileCrc32c() != manifest_.shards(i).crc32c() && !Planted(PlantedBug::kSkipCrc)) {
      return absl::DataLossError(absl::StrCat(shards_[i]->path(), ": checksum differs from the manifest's"));
    }
  }
  for (const auto& asset : manifest_.assets()) {
    auto bytes = ReadFile(files_, AssetPath(asset.name()), asset.size());
    if (!bytes.ok()) return bytes.status();
    if (bytes->size() != asset.size() || Crc32c(bytes->data(), bytes->size()) != asset.crc32c()) {
      return absl::DataLossError(absl::StrCat(AssetPath(asset.name()), ": differs from the manifest"));
    }
  }
  return absl::OkStatus();
}

uint64_t ModelFolder::RowFloats(uint32_t table) const { return manifest_.tables(table).columns() * copies(); }

absl::Status ModelFolder::VisitPlace(uint32_t table, const Place& place, const ShardReader::RowVisitor& visit) const {
  const v1::TableSpec& spec = manifest_.tables(table);
  const uint64_t since = place.file->since();
  const uint64_t version = place.file->version() != 0 ? place.file->version() : manifest_.progress().version();
  const uint64_t steps = StepsPerBatch(manifest_.job());
  const uint32_t slot = place.section->slot();
  absl::Status bad;
  absl::Status status = place.reader->VisitRows(
      *place.section, RowFloats(table), [&](uint64_t id, uint64_t last_step, const char* state) {
        if (!bad.ok()) return;
        if (id >= spec.rows() || SlotOfRow(table, id, manifest_.slots()) != slot || last_step > version * steps ||
            (since > 0 && last_step <= since * steps)) {
          bad = absl::DataLossError(absl::StrCat(place.reader->path(), ": row ", id, " of ", spec.name(), " at step ",
                                                 last_step, " does not belong to slot ", slot, " of a table of ",
                                                 spec.rows(), " rows at version ", version, " since ", since));
          return;
        }
        visit(id, last_step, state);
      });
  return status.ok() ? bad : status;
}

absl::Status ModelFolder::VisitRows(uint32_t table, uint32_t slot, const ShardReader::RowVisitor& visit) const {
  const auto found = sections_.find({table, slot});
  if (found == sections_.end()) return absl::OkStatus();
  const std::vector<Place>& places = found->second;
  if (places.size() == 1) return VisitPlace(table, places[0], visit);
  // Each later file takes its rows' places among those so far.
  std::vector<Row> rows, newer, merged;
  for (const Place& place : places) {
    newer.clear();
    absl::Status status = VisitPlace(table, place, [&](uint64_t id, uint64_t last_step, const char* state) {
      newer.push_back({id, last_step, state});
    });
    if (!status.ok()) return status;
    merged.clear();
    merged.reserve(rows.size() + newer.size());
    // Of two rows with one id set_union takes that of the first range.
    std::set_union(newer.begin(), newer.end(), rows.begin(), rows.end(), std::back_inserter(merged),
                   [](const Row& a, const Row& b) { return a.id < b.id; });
    rows.swap(merged);
  }
  for (const Row& row : rows) visit(row.id, row.last_step, row.state);
  return absl::OkStatus();
}

absl::Status ModelFolder::VisitDense(uint32_t table, uint32_t slot, const ShardReader::DenseVisitor& visit) const {
  const auto found = sections_.find({table, slot});
  if (found == sections_.end()) return absl::OkStatus();
  const Place& place = found->second.back();
  const v1::TableSpec& spec = manifest_.tables(table);
  absl::Status bad;
  absl::Status status =
      place.reader->VisitDense(*place.section, copies(), [&](uint32_t chunk, uint32_t floats, const char* state) {
        if (chunk >= DenseChunks(spec) || ChunkFloats(spec, chunk) != floats ||
            SlotOfChunk(table, chunk, manifest_.slots()) != slot) {
          bad = absl::DataLossError(
              absl::StrCat(place.reader->path(), ": chunk ", chunk, " of ", spec.name(), " does not fit the table"));
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
