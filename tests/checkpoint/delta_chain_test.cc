// Checkpoints that are chains of files of several versions.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/checkpoint/manifest.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/parameters_hash.h"
#include "common/checkpoint/shard_writer.h"
#include "common/crc32c.h"
#include "common/layout/slots.h"
#include "tests/simulation/disk/sim_files.h"

namespace pumasi {
namespace {

constexpr uint32_t kSlots = 5, kWidth = 2, kCopies = 2;
constexpr uint64_t kRows = 60;

struct Row {
  uint64_t step;
  std::vector<float> state;
  bool operator==(const Row& other) const { return step == other.step && state == other.state; }
};

// A job with a row table and a tensor of two chunks, as it goes on from version to version.
struct Job {
  std::map<uint64_t, Row> rows;
  std::vector<float> kernel = std::vector<float>(kChunkFloats + 10);
  uint64_t version = 0;

  void GoOn(std::mt19937_64& random, uint64_t batches) {
    for (uint64_t batch = 0; batch < batches; ++batch) {
      ++version;
      for (uint64_t i = random() % 6; i > 0; --i) {
        std::vector<float> state(kWidth * kCopies);
        for (float& value : state) value = static_cast<float>(random() % 1000);
        rows[random() % kRows] = {version, state};
      }
      kernel[random() % kernel.size()] += 1;
    }
  }

  v1::Manifest Manifest() const {
    v1::Manifest manifest;
    manifest.set_format(kCheckpointFormat);
    manifest.set_slots(kSlots);
    manifest.add_optimizer_slots("m");
    manifest.mutable_progress()->set_version(version);
    v1::TableSpec* words = manifest.add_tables();
    words->set_name("words");
    words->set_kind(v1::TableSpec::ROWS);
    words->set_rows(kRows);
    words->set_columns(kWidth);
    v1::TableSpec* kernel_spec = manifest.add_tables();
    kernel_spec->set_name("kernel");
    kernel_spec->set_kind(v1::TableSpec::DENSE);
    kernel_spec->set_rows(1);
    kernel_spec->set_columns(static_cast<uint32_t>(kernel.size()));
    return manifest;
  }

  // Writes the slots' file of this version and returns what the manifest says about it.
  v1::Manifest::File Write(Files& files, const std::string& folder, const std::set<uint32_t>& slots, uint64_t since,
                           const std::string& name, uint64_t rows_since) const {
    auto writer = *ShardWriter::Create(files, folder + "/" + name);
    for (const uint32_t slot : slots) {
      REQUIRE(writer->BeginSection(0, slot).ok());
      for (const auto& [id, row] : rows) {
        if (SlotOfRow(0, id, kSlots) != slot || row.step <= rows_since) continue;
        REQUIRE(writer->AddRow(id, row.step, row.state.data(), kWidth * kCopies).ok());
      }
      for (uint32_t chunk = 0; chunk < 2; ++chunk) {
        if (SlotOfChunk(1, chunk, kSlots) != slot) continue;
        REQUIRE(writer->BeginSection(1, slot).ok());
        const uint32_t floats = chunk == 0 ? kChunkFloats : 10;
        std::vector<float> state(floats * kCopies, 0.5f);
        std::copy_n(kernel.begin() + chunk * kChunkFloats, floats, state.begin());
        REQUIRE(writer->AddDense(chunk, state.data(), floats, floats * kCopies).ok());
      }
    }
    v1::Progress progress;
    progress.set_version(version);
    const auto info = writer->Finish(progress, since);
    REQUIRE(info.ok());
    v1::Manifest::File file;
    file.set_name(name);
    file.set_size(info->size);
    file.set_crc32c(info->crc32c);
    file.set_version(version);
    file.set_since(since);
    return file;
  }

  // The files of this version of all slots, dealt at random to some servers.
  void WriteAll(Files& files, const std::string& folder, uint64_t since, std::mt19937_64& random,
                v1::Manifest* manifest, bool mixed = false) const {
    std::vector<std::set<uint32_t>> servers(1 + random() % 3);
    for (uint32_t slot = 0; slot < kSlots; ++slot) servers[random() % servers.size()].insert(slot);
    for (size_t server = 0; server < servers.size(); ++server) {
      const std::string name = "shard-" + std::to_string(version) + "-" + std::to_string(server);
      // `mixed`: some servers do not know of the checkpoint before, and write all that they have.
      const uint64_t from = mixed && random() % 4 == 0 ? 0 : since;
      *manifest->add_shards() = Write(files, folder, servers[server], from, name, from);
    }
  }
};

std::map<uint64_t, Row> RowsOf(const ModelFolder& model) {
  std::map<uint64_t, Row> rows;
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    uint64_t previous = 0;
    bool first = true;
    const absl::Status status = model.VisitRows(0, slot, [&](uint64_t id, uint64_t step, const char* bytes) {
      CHECK((first || id > previous));
      first = false;
      previous = id;
      std::vector<float> state(kWidth * kCopies);
      std::memcpy(state.data(), bytes, state.size() * sizeof(float));
      CHECK(rows.emplace(id, Row{step, state}).second);
    });
    REQUIRE(status.ok());
  }
  return rows;
}

class PlainValues : public RowValues {
 public:
  void Initial(const v1::TableSpec& spec, uint64_t row, float* out) const override {
    std::fill_n(out, spec.columns(), static_cast<float>(row));
  }
  void Current(const v1::TableSpec& spec, uint64_t last_step, uint64_t, const float* state, float* out) const override {
    for (uint32_t i = 0; i < spec.columns(); ++i) out[i] = state[i] + static_cast<float>(last_step);
  }
};

absl::Status ReadAll(Files& files, const std::string& folder) {
  auto model = ModelFolder::Open(files, folder);
  if (!model.ok()) return model.status();
  if (absl::Status status = (*model)->Verify(); !status.ok()) return status;
  return ParametersSha256(**model, PlainValues()).status();
}

TEST_CASE("Whatever the files that a job's changes are cut into, it reads as if it had been written whole") {
  for (uint64_t seed = 0; seed < 60; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    sim::SimFiles disk{sim::Random(seed)};
    REQUIRE(disk.MakeFolder("/chain").ok());
    REQUIRE(disk.MakeFolder("/whole").ok());
    Job job;
    google::protobuf::RepeatedPtrField<v1::Manifest::File> chain;
    for (uint64_t files = 1 + random() % 4, since = 0; files > 0; --files, since = job.version) {
      job.GoOn(random, 1 + random() % 8);
      v1::Manifest part;
      job.WriteAll(disk, "/chain", since, random, &part, /*mixed=*/true);
      chain.MergeFrom(part.shards());
    }
    v1::Manifest manifest = job.Manifest();
    *manifest.mutable_shards() = chain;
    REQUIRE(WriteManifest(disk, "/chain", manifest).ok());
    v1::Manifest whole = job.Manifest();
    job.WriteAll(disk, "/whole", 0, random, &whole);
    REQUIRE(WriteManifest(disk, "/whole", whole).ok());

    auto model = ModelFolder::Open(disk, "/chain");
    REQUIRE(model.ok());
    CHECK((*model)->Verify().ok());
    CHECK(RowsOf(**model) == job.rows);
    CHECK(*(*model)->DenseValues(1) == job.kernel);
    const auto all = *(*model)->AllRows(0);
    CHECK(all.size() == job.rows.size());
    CHECK(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.id < b.id; }));
    CHECK(*ParametersSha256(**model, PlainValues()) ==
          *ParametersSha256(**ModelFolder::Open(disk, "/whole"), PlainValues()));
  }
}

// A chain of version 5, whole, 9 and 12, changes.
struct Chain {
  explicit Chain(uint64_t seed) : random(seed), disk(sim::Random(seed)) {
    REQUIRE(disk.MakeFolder("/chain").ok());
    google::protobuf::RepeatedPtrField<v1::Manifest::File> files;
    for (const uint64_t batches : {5, 4, 3}) {
      const uint64_t since = job.version;
      job.GoOn(random, batches);
      v1::Manifest part;
      job.WriteAll(disk, "/chain", since, random, &part);
      files.MergeFrom(part.shards());
    }
    manifest = job.Manifest();
    *manifest.mutable_shards() = files;
  }

  absl::Status Read() {
    REQUIRE(WriteManifest(disk, "/chain", manifest).ok());
    return ReadAll(disk, "/chain");
  }

  std::mt19937_64 random;
  sim::SimFiles disk;
  Job job;
  v1::Manifest manifest;
};

TEST_CASE("A chain of which any file is missing is refused") {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Chain chain(seed);
    REQUIRE(chain.Read().ok());
    const v1::Manifest whole = chain.manifest;
    for (int i = 0; i < whole.shards_size(); ++i) {
      CAPTURE(seed, i, whole.shards(i).name());
      chain.manifest = whole;
      chain.manifest.mutable_shards()->DeleteSubrange(i, 1);
      // A server may have had no slot at all.
      const bool empty =
          (*ShardReader::Open(chain.disk, "/chain/" + whole.shards(i).name()))->index().sections().empty();
      CHECK(absl::IsDataLoss(chain.Read()) == !empty);
    }
  }
}

TEST_CASE("Files that are no chain are refused: out of order, of other versions than they say, of none") {
  const auto refused = [](const std::function<void(v1::Manifest&)>& edit) {
    Chain chain(3);
    edit(chain.manifest);
    return absl::IsDataLoss(chain.Read());
  };
  CHECK_FALSE(refused([](v1::Manifest&) {}));
  CHECK(refused([](v1::Manifest& m) { m.mutable_shards()->SwapElements(0, m.shards_size() - 1); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_shards(m.shards_size() - 1)->set_since(5); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_shards(m.shards_size() - 1)->set_since(0); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_shards(m.shards_size() - 1)->set_version(13); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_shards(m.shards_size() - 1)->set_since(12); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_shards(0)->set_since(4); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_progress()->set_version(13); }));
  CHECK(refused([](v1::Manifest& m) {
    for (auto& file : *m.mutable_shards()) file.clear_version(), file.clear_since();
  }));
  CHECK(refused([](v1::Manifest& m) {
    const auto files = m.shards();
    for (const auto& file : files) {
      if (file.version() == 12) *m.add_shards() = file;
    }
  }));
}

TEST_CASE("Rows that a file of changes can't have are refused: from before them, from after them") {
  for (const uint64_t version : {8, 12}) {
    CAPTURE(version);
    sim::SimFiles disk{sim::Random(1)};
    std::mt19937_64 random(1);
    REQUIRE(disk.MakeFolder("/chain").ok());
    Job job;
    job.GoOn(random, 5);
    v1::Manifest manifest;
    job.WriteAll(disk, "/chain", 0, random, &manifest);
    job.GoOn(random, 5);
    const std::set<uint32_t> slots = {0, 1, 2, 3, 4};
    // All rows of version 10 under the name of changes since 5; or those of a version that is not yet.
    if (version == 12) job.rows.begin()->second.step = 12;
    *manifest.add_shards() = job.Write(disk, "/chain", slots, 5, "changes", version == 8 ? 0 : 5);
    const auto files = manifest.shards();
    manifest = job.Manifest();
    *manifest.mutable_shards() = files;
    REQUIRE(WriteManifest(disk, "/chain", manifest).ok());
    const absl::Status status = ReadAll(disk, "/chain");
    CHECK(absl::IsDataLoss(status));
    CHECK(std::string(status.message()).find("at version 10 since 5") != std::string::npos);
  }
}

TEST_CASE("A checkpoint cut at any sector, or with any bit flipped, is noticed") {
  // Small: each bit means reading all of it.
  sim::SimFiles disk{sim::Random(1)};
  REQUIRE(disk.MakeFolder("/c").ok());
  v1::Manifest manifest;
  v1::TableSpec* words = manifest.add_tables();
  words->set_name("words");
  words->set_kind(v1::TableSpec::ROWS);
  words->set_rows(9);
  words->set_columns(1);
  manifest.set_format(kCheckpointFormat);
  manifest.set_slots(1);
  manifest.mutable_progress()->set_version(2);
  for (const uint64_t version : {1, 2}) {
    const std::string name = "shard-" + std::to_string(version);
    auto writer = *ShardWriter::Create(disk, "/c/" + name);
    REQUIRE(writer->BeginSection(0, 0).ok());
    const float value = static_cast<float>(version);
    for (const uint64_t id : {2, 5}) REQUIRE(writer->AddRow(id + version, version, &value, 1).ok());
    v1::Progress progress;
    progress.set_version(version);
    const auto info = writer->Finish(progress, version - 1);
    v1::Manifest::File* file = manifest.add_shards();
    file->set_name(name);
    file->set_size(info->size);
    file->set_crc32c(info->crc32c);
    file->set_version(version);
    file->set_since(version - 1);
  }
  const std::string labels(1100, 'x');
  REQUIRE(WriteFileDurably(disk, "/c/labels.txt", labels).ok());
  v1::Manifest::File* asset = manifest.add_assets();
  asset->set_name("labels.txt");
  asset->set_size(labels.size());
  asset->set_crc32c(Crc32c(labels));
  REQUIRE(WriteManifest(disk, "/c", manifest).ok());
  REQUIRE(ReadAll(disk, "/c").ok());

  const auto names = disk.List("/c");
  CHECK(names->size() == 5);
  for (const std::string& name : *names) {
    const std::string path = "/c/" + name;
    const std::string whole = *ReadFile(disk, path, 1 << 20);
    for (uint64_t bit = 0; bit < whole.size() * 8; ++bit) {
      disk.FlipBit(path, bit);
      if (ReadAll(disk, "/c").ok()) FAIL_CHECK(name << ": bit " << bit << " is not noticed");
      disk.FlipBit(path, bit);
    }
    for (uint64_t size = 0; size < whole.size(); size += sim::kSectorBytes) {
      CAPTURE(name, size);
      REQUIRE(WriteFileDurably(disk, path, whole.substr(0, size)).ok());
      CHECK_FALSE(ReadAll(disk, "/c").ok());
    }
    REQUIRE(WriteFileDurably(disk, path, whole).ok());
  }
  CHECK(ReadAll(disk, "/c").ok());
}

}  // namespace
}  // namespace pumasi
