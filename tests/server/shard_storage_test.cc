// A shard's way to disk and back.
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/parameters_hash.h"
#include "common/message_json.h"
#include "common/sha256.h"
#include "ops/optimizer_row_values.h"
#include "server/snapshot.h"
#include "tests/checkpoint/failing_files.h"
#include "tests/common/temp_folder.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

v1::Manifest ManifestOf(ShardGroup& group, uint64_t version) {
  v1::Manifest manifest;
  manifest.set_format(kCheckpointFormat);
  for (const v1::TableSpec& table : SmallTables()) *manifest.add_tables() = table;
  manifest.set_slots(ShardGroup::kSlots);
  manifest.mutable_progress()->set_version(version);
  manifest.add_optimizer_slots("m");
  manifest.add_optimizer_slots("v");
  return manifest;
}

uint64_t VersionOf(ShardGroup& group) {
  for (auto& shard : group.shards()) {
    if (shard->LeastVersion().has_value()) return *shard->LeastVersion();
  }
  return 0;
}

// The cut of a shard's primary slots; nullptr where it has none.
std::unique_ptr<Snapshot> Cut(Shard& shard, const std::string& output, const std::string& file, uint64_t since = 0) {
  auto slots = shard.PrimariesAt(shard.LeastPrimaryVersion().value_or(0));
  if (slots.empty()) return nullptr;
  Snapshot::Target target;
  target.output = output;
  target.folder = "checkpoint";
  target.file = file;
  target.progress.set_version(*shard.LeastPrimaryVersion());
  target.since = since;
  return std::make_unique<Snapshot>(target, shard.shared_shape(), std::move(slots));
}

absl::Status WriteAll(Snapshot& snapshot, Files& disk) {
  while (!snapshot.done()) {
    snapshot.Copy();
    if (absl::Status status = snapshot.Write(disk); !status.ok()) return status;
  }
  snapshot.EndCuts();
  return absl::OkStatus();
}

void AddFile(const Snapshot& snapshot, v1::Manifest* manifest) {
  auto* file = manifest->add_shards();
  file->set_name(snapshot.target().file);
  file->set_size(snapshot.info().size);
  file->set_crc32c(snapshot.info().crc32c);
  file->set_version(snapshot.target().progress.version());
  file->set_since(snapshot.target().since);
}

// Saves all shards, one file each, to the folder "checkpoint" in `output`.
void Save(ShardGroup& group, const std::string& output) {
  FailingFiles disk;
  REQUIRE(disk.MakeFolder(output + "/checkpoint").ok());
  v1::Manifest manifest = ManifestOf(group, VersionOf(group));
  for (size_t i = 0; i < group.shards().size(); ++i) {
    const auto snapshot = Cut(*group.shards()[i], output, "shard-" + std::to_string(i));
    if (snapshot == nullptr) continue;
    REQUIRE(WriteAll(*snapshot, disk).ok());
    AddFile(*snapshot, &manifest);
  }
  disk.Put(output + "/checkpoint/manifest.json", MessageToJson(manifest));
}

absl::Status Load(ShardGroup& group, const std::string& output) {
  auto model = ModelFolder::Open(RealFiles(), output + "/checkpoint");
  if (!model.ok()) return model.status();
  for (auto& shard : group.shards()) {
    if (absl::Status status = shard->Load(**model); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void Train(ShardGroup& group, uint64_t version, uint64_t batches) {
  for (const uint64_t end = version + batches; version < end; ++version) {
    std::mt19937_64 random(version);
    std::vector<Gradient> gradients;
    for (int part = 0; part < 4; ++part) gradients.push_back(RandomGradient(random));
    for (const PartRange& node : RandomNodes(4, random)) group.Push(version, node, SumOf(gradients, node));
  }
}

std::string HashOf(const std::string& folder) {
  auto values = *OptimizerRowValues::Create(AdamJob(4).optimizer(), 0);
  return *ParametersSha256(**ModelFolder::Open(RealFiles(), folder + "/checkpoint"), *values);
}

TEST_CASE("Stopping and going on with another number of servers gives the same bits as not stopping") {
  const uint32_t from = GENERATE(1, 2, 3), to = GENERATE(1, 2, 3);
  CAPTURE(from, to);
  TempFolder folder;
  ShardGroup all_the_way(AdamJob(4), 2), first(AdamJob(4), from, 11);
  Train(all_the_way, 0, 14);
  Train(first, 0, 8);
  Save(first, folder / "x");
  ShardGroup second(AdamJob(4), to, 12, 8);
  REQUIRE(Load(second, folder / "x").ok());
  CHECK(SameBits(second.PullAll(8), first.PullAll(8)));
  Train(second, 8, 6);
  CHECK(SameBits(second.PullAll(14), all_the_way.PullAll(14)));
  Save(all_the_way, folder / "one");
  Save(second, folder / "two");
  CHECK(HashOf(folder / "one") == HashOf(folder / "two"));
  CHECK(HashOf(folder / "one") != HashOf(folder / "x"));
}

TEST_CASE("A checkpoint's hash is that of the values that workers pull") {
  TempFolder folder;
  ShardGroup group(AdamJob(4), 3);
  Train(group, 0, 8);
  Save(group, folder / "x");
  const auto model = *ModelFolder::Open(RealFiles(), folder / "x/checkpoint");
  const AllValues pulled = group.PullAll(8);
  CHECK(*model->DenseValues(1) == pulled[1]);
  // bias, kernel, words: by name.
  Sha256 hash;
  for (const int table : {2, 1, 0}) hash.Update(pulled[table].data(), pulled[table].size() * sizeof(float));
  CHECK(HashOf(folder / "x") == hash.Hex());
}

TEST_CASE("A checkpoint of another shape, optimizer or version is refused") {
  TempFolder folder;
  ShardGroup group(AdamJob(4), 1);
  Train(group, 0, 3);
  Save(group, folder / "good");
  const v1::Manifest good = *ReadManifest(RealFiles(), folder / "good/checkpoint");
  const auto refused = [&](const std::function<void(v1::Manifest&)>& edit) {
    v1::Manifest manifest = good;
    edit(manifest);
    FailingFiles().Put(folder / "good/checkpoint/manifest.json", MessageToJson(manifest));
    ShardGroup fresh(AdamJob(4), 2, 1, 3);
    return absl::IsFailedPrecondition(Load(fresh, folder / "good"));
  };
  CHECK_FALSE(refused([](v1::Manifest&) {}));
  CHECK(refused([](v1::Manifest& m) { m.set_slots(32); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_optimizer_slots()->RemoveLast(); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_tables(0)->set_name("other"); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_tables(0)->set_rows(61); }));
  CHECK(refused([](v1::Manifest& m) { m.mutable_tables(2)->set_columns(6); }));
  CHECK(refused([](v1::Manifest& m) { *m.add_tables() = m.tables(0); }));
  CHECK_FALSE(refused([](v1::Manifest&) {}));
  ShardGroup later(AdamJob(4), 2, 1, 4);
  CHECK(absl::IsFailedPrecondition(Load(later, folder / "good")));
}

TEST_CASE("A checkpoint without the tensors is refused; one that lacks rows that never changed is not") {
  TempFolder folder;
  ShardGroup group(AdamJob(4), 2);
  Save(group, folder / "x");  // at version 0: no row has changed
  ShardGroup fresh(AdamJob(4), 1);
  REQUIRE(Load(fresh, folder / "x").ok());
  CHECK(SameBits(fresh.PullAll(0), group.PullAll(0)));
  v1::Manifest manifest = *ReadManifest(RealFiles(), folder / "x/checkpoint");
  manifest.clear_shards();
  FailingFiles().Put(folder / "x/checkpoint/manifest.json", MessageToJson(manifest));
  ShardGroup again(AdamJob(4), 1);
  CHECK(absl::IsDataLoss(Load(again, folder / "x")));
}

TEST_CASE("A damaged shard file is refused") {
  TempFolder folder;
  ShardGroup group(AdamJob(4), 1);
  Train(group, 0, 3);
  Save(group, folder / "x");
  const std::string path = folder / "x/checkpoint/shard-0";
  std::string bytes = *ReadFile(RealFiles(), path, 1 << 30);
  for (size_t byte = 8; byte + 200 < bytes.size(); byte += 5003) {
    bytes[byte] ^= 16;
    FailingFiles().Put(path, bytes);
    ShardGroup fresh(AdamJob(4), 1, 1, 3);
    CAPTURE(byte);
    CHECK(absl::IsDataLoss(Load(fresh, folder / "x")));
    bytes[byte] ^= 16;
  }
}

TEST_CASE("A checkpoint larger than the memory limit is refused") {
  TempFolder folder;
  ShardGroup group(AdamJob(4), 1);
  Train(group, 0, 3);
  Save(group, folder / "x");
  Shard::Options options;
  options.job = AdamJob(4);
  options.tables = SmallTables();
  options.layout = group.layout();
  options.incarnation = 100;
  options.first_version = 3;
  options.memory_limit = 644000;  // a batch of the tensors needs 624120 bytes, and each slot's rows some KiB
  auto shard = *Shard::Create(options);
  const absl::Status status = shard->Load(**ModelFolder::Open(RealFiles(), folder / "x/checkpoint"));
  CHECK(ReasonOf(status) == v1::ErrorDetail::OVER_LIMIT);
}

TEST_CASE("A snapshot reports a disk that fails") {
  TempFolder folder;
  ShardGroup group(AdamJob(4), 1);
  Train(group, 0, 3);
  for (int step = 1; step < 6; ++step) {
    FailingFiles disk;
    disk.fail_at = step;
    const auto snapshot = Cut(*group.shards()[0], folder / "x", "shard");
    CAPTURE(step);
    CHECK(absl::IsResourceExhausted(WriteAll(*snapshot, disk)));
    snapshot->EndCuts();
  }
}

}  // namespace
}  // namespace pumasi
