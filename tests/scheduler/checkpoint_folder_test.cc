#include "scheduler/checkpoint_folder.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/checkpoint/manifest.h"
#include "common/checkpoint/model_folder.h"
#include "common/checkpoint/shard_writer.h"
#include "common/sha256.h"
#include "tests/checkpoint/failing_files.h"
#include "tests/common/temp_folder.h"
#include "tests/scheduler/checkpoint_scene.h"

namespace pumasi {
namespace {

const Assets kAssets = {{"labels.txt", "cats\ndogs\n"}, {"vocabulary.txt", "the\n"}};

// The shard file of a job with one row table, 4 x 1, of which row 2 was changed to `value`; and what the scheduler
// knows.
JobRun::FinishCheckpoint Written(const std::string& output, const std::string& folder, const std::string& name,
                                 bool final, float value = 7) {
  FailingFiles disk;
  REQUIRE(disk.MakeFolder(output + "/" + folder).ok());
  JobRun::FinishCheckpoint checkpoint{folder, name, {}, final, 2};
  v1::Manifest& manifest = checkpoint.manifest;
  manifest.mutable_job()->set_batch(4);
  v1::Adam* adam = manifest.mutable_job()->mutable_optimizer()->mutable_adam();
  adam->set_learning_rate(0.001);
  adam->set_beta_1(0.9);
  adam->set_beta_2(0.999);
  adam->set_epsilon(1e-8);
  manifest.set_slots(1);
  manifest.mutable_progress()->set_version(1);
  v1::TableSpec* table = manifest.add_tables();
  table->set_name("words");
  table->set_kind(v1::TableSpec::ROWS);
  table->set_rows(4);
  table->set_columns(1);
  table->mutable_initializer()->set_kind(v1::Initializer::ONES);
  auto writer = *ShardWriter::Create(disk, output + "/" + folder + "/shard");
  REQUIRE(writer->BeginSection(0, 0).ok());
  const float state[3] = {value, 0, 0};
  REQUIRE(writer->AddRow(2, 1, state, 3).ok());
  const auto info = writer->Finish(manifest.progress());
  REQUIRE(info.ok());
  auto* file = manifest.add_shards();
  file->set_name("shard");
  file->set_size(info->size);
  file->set_crc32c(info->crc32c);
  return checkpoint;
}

// Contents by name.
std::map<std::string, std::string> FilesIn(const std::string& folder) {
  std::map<std::string, std::string> files;
  if (!std::filesystem::exists(folder)) return files;
  const std::vector<std::string> names = *RealFiles().List(folder);
  for (const std::string& name : names) files[name] = *ReadFile(RealFiles(), folder + "/" + name, 1 << 20);
  return files;
}

TEST_CASE("A model is complete: manifest, job, vocabulary, and the hash of its parameters") {
  TempFolder out;
  FailingFiles disk;
  const auto checkpoint = Written(out.path(), ".model.tmp", "model", true);
  const auto hash = CompleteCheckpoint(disk, out.path(), checkpoint, kAssets);
  REQUIRE(hash.ok());
  // Rows 1, 1, 7, 1 as float32.
  const float values[4] = {1, 1, 7, 1};
  CHECK(*hash == Sha256Hex({reinterpret_cast<const char*>(values), sizeof values}));
  CHECK_FALSE(std::filesystem::exists(out / ".model.tmp"));
  auto model = ModelFolder::Open(RealFiles(), out / "model");
  REQUIRE(model.ok());
  CHECK((*model)->Verify().ok());
  const v1::Manifest& manifest = (*model)->manifest();
  CHECK(manifest.parameters_sha256() == *hash);
  CHECK(manifest.format() == kCheckpointFormat);
  CHECK(manifest.optimizer_slots_size() == 2);
  CHECK(manifest.assets_size() == 3);
  CHECK(manifest.job().batch() == 4);
  CHECK(FilesIn(out / "model").count("job.json") == 1);
  CHECK(FilesIn(out / "model")["labels.txt"] == "cats\ndogs\n");
}

TEST_CASE("A model takes the place of the one that was there") {
  TempFolder out;
  FailingFiles disk;
  REQUIRE(CompleteCheckpoint(disk, out.path(), Written(out.path(), ".model.tmp", "model", true, 1), kAssets).ok());
  const auto second =
      CompleteCheckpoint(disk, out.path(), Written(out.path(), ".model.tmp", "model", true, 2), kAssets);
  REQUIRE(second.ok());
  CHECK(ReadManifest(RealFiles(), out / "model")->parameters_sha256() == *second);
  CHECK(*RealFiles().List(out.path()) == std::vector<std::string>{"model"});
}

TEST_CASE("Checkpoints on the way have no hash; the latest ones are kept") {
  TempFolder out;
  FailingFiles disk;
  for (const std::string version : {"000000001", "000000002", "000000010", "000000011"}) {
    const auto hash = CompleteCheckpoint(
        disk, out.path(), Written(out.path(), ".checkpoint-" + version + ".tmp", "checkpoint-" + version, false),
        kAssets);
    REQUIRE(hash.ok());
    RemoveOldCheckpoints(disk, out.path(), "checkpoint-" + version, 2);
    CHECK(hash->empty());
  }
  CHECK(*RealFiles().List(out.path()) == std::vector<std::string>{"checkpoint-000000010", "checkpoint-000000011"});
  CHECK(ModelFolder::Open(RealFiles(), out / "checkpoint-000000011").ok());
}

TEST_CASE("A checkpoint that was just written stays, even where later ones of an earlier run lie") {
  TempFolder out;
  FailingFiles disk;
  for (const std::string version : {"000000900", "000001000", "000000600"}) {
    REQUIRE(CompleteCheckpoint(disk, out.path(),
                               Written(out.path(), ".checkpoint-" + version + ".tmp", "checkpoint-" + version, false),
                               kAssets)
                .ok());
    RemoveOldCheckpoints(disk, out.path(), "checkpoint-" + version, 2);
  }
  CHECK(*RealFiles().List(out.path()) == std::vector<std::string>{"checkpoint-000000600", "checkpoint-000001000"});
}

TEST_CASE("A checkpoint of changes is complete by itself: the files that it follows are linked, or copied, into it") {
  const bool links = GENERATE(true, false);
  CAPTURE(links);
  TempFolder out;
  FailingFiles disk;
  disk.links = links;
  const CheckpointScene scene;
  REQUIRE(scene.Complete(disk, out.path(), 10, 0, 1).ok());
  for (uint64_t version = 20; version <= 40; version += 10) {
    REQUIRE(scene.Complete(disk, out.path(), version, version - 10, 1).ok());
    // The one before is gone.
    CHECK(*RealFiles().List(out.path()) == std::vector<std::string>{scene.Name(version)});
    CHECK(scene.Check(disk, out / scene.Name(version), version).ok());
    CHECK(ReadManifest(disk, out / scene.Name(version))->shards_size() == static_cast<int>(version) / 5);
  }
  // A whole one needs none of them.
  REQUIRE(scene.Complete(disk, out.path(), 50, 0, 1).ok());
  CHECK(ReadManifest(disk, out / scene.Name(50))->shards_size() == 2);
  CHECK(scene.Check(disk, out / scene.Name(50), 50).ok());
}

TEST_CASE("Changes since another version than the base's, or without a base, make no checkpoint") {
  TempFolder out;
  FailingFiles disk;
  const CheckpointScene scene;
  REQUIRE(scene.Complete(disk, out.path(), 10, 0, 3).ok());
  REQUIRE(scene.Complete(disk, out.path(), 20, 10, 3).ok());
  auto checkpoint = *scene.Write(disk, out.path(), 30, 20, 3);
  checkpoint.base = scene.Name(10);
  const absl::Status status = CompleteCheckpoint(disk, out.path(), checkpoint, kAssets).status();
  CHECK(absl::IsFailedPrecondition(status));
  CHECK(std::string(status.message())
            .find("of version 10, but shard-000000030-00000-of-00002 holds the changes since 20") != std::string::npos);
  checkpoint.base = "checkpoint-000000019";
  CHECK(absl::IsNotFound(CompleteCheckpoint(disk, out.path(), checkpoint, kAssets).status()));
  checkpoint.base.clear();
  CHECK_FALSE(CompleteCheckpoint(disk, out.path(), checkpoint, kAssets).ok());
  CHECK_FALSE(std::filesystem::exists(out / scene.Name(30)));
  // A second attempt in the same folder.
  checkpoint.base = scene.Name(20);
  REQUIRE(CompleteCheckpoint(disk, out.path(), checkpoint, kAssets).ok());
  CHECK(scene.Check(disk, out / scene.Name(30), 30).ok());
}

TEST_CASE("What attempts before left in the folder, and unfinished folders, go; those of later versions stay") {
  TempFolder out;
  FailingFiles disk;
  const CheckpointScene scene;
  for (const std::string name : {".checkpoint-000000005.tmp", ".checkpoint-000000010.tmp", ".checkpoint-000000015.tmp",
                                 ".checkpoint-000000003.old", "other"}) {
    REQUIRE(disk.MakeFolder(out / name).ok());
    disk.Put(out / (name + "/shard-of-a-server-that-left"), "x");
  }
  REQUIRE(scene.Complete(disk, out.path(), 10, 0, 1).ok());
  CHECK(*RealFiles().List(out.path()) ==
        std::vector<std::string>{".checkpoint-000000015.tmp", scene.Name(10), "other"});
  CHECK(*RealFiles().List(out / scene.Name(10)) ==
        std::vector<std::string>{"job.json", "labels.txt", "manifest.crc32c", "manifest.json",
                                 "shard-000000010-00000-of-00002", "shard-000000010-00001-of-00002"});
}

TEST_CASE("What was completed already, but not noted, is complete; another checkpoint of that name is not") {
  TempFolder out;
  FailingFiles disk;
  const auto model = Written(out.path(), ".model.tmp", "model", true);
  const auto hash = CompleteCheckpoint(disk, out.path(), model, kAssets);
  REQUIRE(hash.ok());
  const auto before = FilesIn(out / "model");
  const auto again = CompleteCheckpoint(disk, out.path(), model, kAssets);
  REQUIRE(again.ok());
  CHECK(*again == *hash);
  CHECK(FilesIn(out / "model") == before);
  auto other = model;
  other.manifest.mutable_shards(0)->set_crc32c(1);
  CHECK(absl::IsNotFound(CompleteCheckpoint(disk, out.path(), other, kAssets).status()));
  other = model;
  other.manifest.set_job_id("another");
  CHECK(absl::IsNotFound(CompleteCheckpoint(disk, out.path(), other, kAssets).status()));
}

TEST_CASE("A shard file that is damaged, another one, or gone makes no model") {
  TempFolder out;
  FailingFiles disk;
  const auto checkpoint = Written(out.path(), ".model.tmp", "model", true);
  std::string bytes = *ReadFile(RealFiles(), out / ".model.tmp/shard", 1 << 20);
  bytes[30] ^= 1;
  disk.Put(out / ".model.tmp/shard", bytes);
  CHECK(absl::IsDataLoss(CompleteCheckpoint(disk, out.path(), checkpoint, kAssets).status()));
  // A file that is whole, but not the one that the server wrote.
  Written(out.path(), ".model.tmp", "model", true, 8);
  CHECK(absl::IsDataLoss(CompleteCheckpoint(disk, out.path(), checkpoint, kAssets).status()));
  REQUIRE(disk.Remove(out / ".model.tmp/shard").ok());
  CHECK(absl::IsNotFound(CompleteCheckpoint(disk, out.path(), checkpoint, kAssets).status()));
  CHECK_FALSE(std::filesystem::exists(out / "model"));
}

TEST_CASE("Whatever step fails on the disk, the model that was there stays as it was, or the new one is whole") {
  const bool there_before = GENERATE(true, false), exchanges = GENERATE(true, false);
  CAPTURE(there_before, exchanges);
  int step = 0;
  for (bool done = false; !done; ++step) {
    TempFolder out;
    FailingFiles disk;
    if (there_before) {
      REQUIRE(CompleteCheckpoint(disk, out.path(), Written(out.path(), ".model.tmp", "model", true, 1), kAssets).ok());
    }
    const auto before = FilesIn(out / "model");
    const auto checkpoint = Written(out.path(), ".model.tmp", "model", true, 2);
    FailingFiles failing;
    failing.exchanges = exchanges;
    failing.fail_at = step;
    const auto hash = CompleteCheckpoint(failing, out.path(), checkpoint, kAssets);
    // Nothing was left to fail.
    done = static_cast<int>(failing.done.size()) <= step;
    CAPTURE(step, done ? "none" : failing.done[step]);
    if (hash.ok()) {
      CHECK((*ModelFolder::Open(RealFiles(), out / "model"))->Verify().ok());
      CHECK(ReadManifest(RealFiles(), out / "model")->parameters_sha256() == *hash);
    } else {
      CHECK(absl::IsResourceExhausted(hash.status()));
      CHECK(FilesIn(out / "model") == before);
    }
  }
  CHECK(step > 25);
}

TEST_CASE("Whatever step of a checkpoint of changes fails, it is whole or not there, and the one before is") {
  const bool links = GENERATE(true, false);
  CAPTURE(links);
  const CheckpointScene scene;
  int step = 0;
  for (bool done = false; !done; ++step) {
    TempFolder out;
    FailingFiles disk;
    REQUIRE(scene.Complete(disk, out.path(), 10, 0, 1).ok());
    FailingFiles failing;
    failing.links = links;
    failing.fail_at = step;
    const absl::Status status = scene.Complete(failing, out.path(), 20, 10, 1);
    done = static_cast<int>(failing.done.size()) <= step;
    CAPTURE(step, done ? "none" : failing.done[step], status.ToString());
    CHECK(status.ok() == scene.Check(disk, out / scene.Name(20), 20).ok());
    CHECK(status.ok() == std::filesystem::exists(out / scene.Name(20)));
    if (!status.ok()) CHECK(scene.Check(disk, out / scene.Name(10), 10).ok());
  }
  CHECK(step > 40);
}

TEST_CASE("When the disk dies for good, the old model is still there, under its name or beside it") {
  const bool exchanges = GENERATE(true, false);
  CAPTURE(exchanges);
  bool done = false;
  for (int step = 0; !done; ++step) {
    TempFolder out;
    FailingFiles disk;
    REQUIRE(CompleteCheckpoint(disk, out.path(), Written(out.path(), ".model.tmp", "model", true, 1), kAssets).ok());
    const auto before = FilesIn(out / "model");
    const auto checkpoint = Written(out.path(), ".model.tmp", "model", true, 2);
    FailingFiles failing;
    failing.exchanges = exchanges;
    failing.fail_at = step;
    failing.for_good = true;
    const auto hash = CompleteCheckpoint(failing, out.path(), checkpoint, kAssets);
    CAPTURE(step);
    if (hash.ok()) {
      CHECK((*ModelFolder::Open(RealFiles(), out / "model"))->Verify().ok());
    } else {
      CHECK((FilesIn(out / "model") == before || FilesIn(out / ".model.old") == before ||
             FilesIn(out / ".model.tmp") == before));
      // At no moment is there no model.
      if (exchanges) CHECK((*ModelFolder::Open(RealFiles(), out / "model"))->Verify().ok());
    }
    // Nothing was left to fail.
    done = static_cast<int>(failing.done.size()) <= step;
  }
}

}  // namespace
}  // namespace pumasi
