// Checkpoints that are written while pushes go on.
#include "server/snapshot.h"

#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/checkpoint/manifest.h"
#include "common/checkpoint/model_folder.h"
#include "tests/server/hosting_story.h"
#include "tests/server/plain_messages.h"

namespace pumasi {
namespace {

constexpr uint32_t kParts = 4;

std::string BytesOf(const std::string& path) { return *ReadFile(RealFiles(), path, 1 << 30); }

// A batch that touches few or many rows.
void Train(Shard& shard, const v1::Layout& layout, uint64_t version) {
  std::mt19937_64 random(version + 5);
  v1::PushResponse response;
  REQUIRE(PushPlain(shard, PushFor(layout, 0, version, {0, kParts}, RandomGradient(random)), &response).ok());
}

std::unique_ptr<Snapshot> Cut(Shard& shard, const std::string& output, const std::string& file, uint64_t since) {
  Snapshot::Target target;
  target.output = output;
  target.folder = "checkpoint";
  target.file = file;
  target.progress.set_version(*shard.LeastVersion());
  target.since = since;
  return std::make_unique<Snapshot>(target, shard.shared_shape(), shard.PrimariesAt(*shard.LeastVersion()));
}

TEST_CASE("A snapshot that is written while batches are applied has the bytes of one that stopped everything") {
  const uint64_t seed = GENERATE(range(0, 12)), since = GENERATE(0, 3, 6);
  CAPTURE(seed, since);
  std::mt19937_64 random(seed);
  TempFolder folder;
  FailingFiles disk;
  ShardGroup group(AdamJob(kParts), 1);
  Shard& shard = *group.shards()[0];
  uint64_t version = 0;
  for (; version < 8; ++version) Train(shard, group.layout(), version);

  const auto stopped = Cut(shard, folder / "out", "stopped", since);
  while (!stopped->done()) {
    stopped->Copy();
    REQUIRE(stopped->Write(disk).ok());
  }
  stopped->EndCuts();
  const auto moving = Cut(shard, folder / "out", "moving", since);
  while (!moving->done()) {
    if (random() % 8 == 0) Train(shard, group.layout(), version++);
    // Some rows at a time.
    moving->Copy(1 + random() % 200);
    if (random() % 8 == 0) Train(shard, group.layout(), version++);
    REQUIRE(moving->Write(disk).ok());
  }
  moving->EndCuts();
  CHECK(version > 8);
  CHECK(BytesOf(folder / "out/checkpoint/moving") == BytesOf(folder / "out/checkpoint/stopped"));
}

TEST_CASE("A snapshot that is not wanted any more stops, and its slots go on") {
  TempFolder folder;
  FailingFiles disk;
  ShardGroup group(AdamJob(kParts), 1);
  Shard& shard = *group.shards()[0];
  Train(shard, group.layout(), 0);
  const auto snapshot = Cut(shard, folder / "out", "file", 0);
  snapshot->Copy();
  REQUIRE(snapshot->Write(disk).ok());
  snapshot->Abandon();
  snapshot->EndCuts();
  Train(shard, group.layout(), 1);
  snapshot->Copy();
  CHECK(absl::IsCancelled(snapshot->Write(disk)));
  CHECK_FALSE(snapshot->done());
}

// The manifest of what servers reported for one version, and of the files of a base before them.
v1::Manifest ManifestOf(HostingStory& story, uint64_t version, const v1::Manifest& base = {}) {
  v1::Manifest manifest;
  manifest.set_format(kCheckpointFormat);
  for (const v1::TableSpec& table : SmallTables()) *manifest.add_tables() = table;
  manifest.set_slots(story.layout().slot_owner_size());
  manifest.mutable_progress()->set_version(version);
  manifest.add_optimizer_slots("m");
  manifest.add_optimizer_slots("v");
  *manifest.mutable_shards() = base.shards();
  for (uint32_t server = 0; server < story.servers(); ++server) {
    for (const TellWish& wish : story.told(server)) {
      const auto* saved = std::get_if<v1::ReportShardSavedRequest>(&wish.request);
      if (saved == nullptr || saved->version() != version) continue;
      INFO(saved->error());
      REQUIRE(saved->error().empty());
      auto* file = manifest.add_shards();
      file->set_name(saved->file());
      file->set_size(saved->size());
      file->set_crc32c(saved->crc32c());
      file->set_version(version);
      file->set_since(saved->since());
    }
  }
  return manifest;
}

std::string Folder(uint64_t version) {
  char name[64];
  std::snprintf(name, sizeof name, "/.checkpoint-%09d-g1.tmp", static_cast<int>(version));
  return name;
}

void TrainAll(HostingStory& story, uint64_t version) {
  std::mt19937_64 random(version);
  story.PushAll(version, {0, kParts}, RandomGradient(random));
}

v1::Job JobWithCheckpoints(uint64_t every, uint32_t full_every) {
  v1::Job job = AdamJob(kParts);
  job.mutable_checkpoint()->set_every_batches(every);
  job.mutable_checkpoint()->set_full_every(full_every);
  return job;
}

TEST_CASE("Checkpoints that hold what changed load as whole ones do") {
  HostingStory story(JobWithCheckpoints(2, 4), 2, "001011");
  v1::Manifest base;
  std::vector<uint64_t> since;
  for (uint64_t version = 0; version < 12; ++version) {
    TrainAll(story, version);
    const uint64_t now = version + 1;
    if (now % 2 != 0) continue;
    CAPTURE(now);
    const auto saved = story.Last<v1::ReportShardSavedRequest>(0);
    REQUIRE(saved.version() == now);
    CHECK(saved.folder() == Folder(now).substr(1));
    since.push_back(saved.since());
    v1::Manifest manifest = ManifestOf(story, now, saved.since() == 0 ? v1::Manifest() : base);
    const std::string folder = story.output() + Folder(now);
    for (const auto& file : manifest.shards()) {
      if (file.version() == now) continue;
      REQUIRE(
          RealFiles()
              .Link(story.output() + Folder(base.progress().version()) + "/" + file.name(), folder + "/" + file.name())
              .ok());
    }
    REQUIRE(WriteManifest(story.disk(), folder, manifest).ok());
    // Into servers of another layout.
    ShardWish wish;
    wish.options.job = AdamJob(kParts);
    wish.options.tables = SmallTables();
    wish.options.layout = story.layout();
    wish.options.first_version = now;
    wish.resume = folder;
    AllValues loaded = NoValues();
    for (uint32_t server = 0; server < 2; ++server) {
      wish.options.incarnation = 100 + server;
      auto shard = MakeShard(wish, story.disk());
      INFO(shard.status().ToString());
      REQUIRE(shard.ok());
      v1::PullResponse response;
      REQUIRE(PullPlain(**shard, PullFor(story.layout(), server, now), &response).ok());
      TakeAnswer(story.layout(), server, response, &loaded);
    }
    CHECK(SameBits(loaded, story.PullAll(now)));
    base = manifest;
    story.assignment().set_checkpoint_deltas(saved.since() == 0 ? 0 : story.assignment().checkpoint_deltas() + 1);
    story.assignment().set_checkpoint_version(now);
    story.AssignAll();
  }
  CHECK(since == std::vector<uint64_t>{0, 2, 4, 6, 0, 10});
}

TEST_CASE("A checkpoint that is due while the one before is being written fails, and training goes on") {
  HostingStory story(JobWithCheckpoints(1, 1), 1, "00");
  story.hold_snapshots = true;
  TrainAll(story, 0);
  CHECK(story.Last<v1::ReportShardSavedRequest>(0).version() == 0);
  TrainAll(story, 1);
  const auto failed = story.Last<v1::ReportShardSavedRequest>(0);
  CHECK(failed.version() == 2);
  CHECK(failed.error() == ".checkpoint-000000001-g1.tmp is still being written");
  story.WriteHeld();
  const auto saved = story.Last<v1::ReportShardSavedRequest>(0);
  CHECK(saved.version() == 1);
  CHECK(saved.error().empty());
}

TEST_CASE("The model is written when the scheduler says so, and again under another layout") {
  HostingStory story(AdamJob(kParts), 2, "0000", "1111");
  TrainAll(story, 0);
  story.assignment().set_state(v1::SAVING);
  story.assignment().set_save_version(1);
  story.assignment().set_save_folder(".model-g1.tmp");
  story.AssignAll();
  const auto saved = story.Last<v1::ReportShardSavedRequest>(0);
  CHECK(saved.folder() == ".model-g1.tmp");
  CHECK(saved.file() == "shard-000000001-0000000000000064");
  CHECK(saved.layout_epoch() == 1);
  // A server that is the primary of nothing has nothing to write.
  CHECK(story.Last<v1::ReportShardSavedRequest>(1).folder().empty());
  story.Die(0);
  story.Relayout("1111");
  CHECK(story.Last<v1::ReportShardSavedRequest>(1).layout_epoch() == 2);
}

TEST_CASE("A disk that is full fails the checkpoint and not the training") {
  HostingStory story(JobWithCheckpoints(1, 1), 1, "00");
  auto& disk = static_cast<FailingFiles&>(story.disk());
  disk.fail_at = static_cast<int>(disk.done.size()) + 3;
  TrainAll(story, 0);
  CHECK(story.Last<v1::ReportShardSavedRequest>(0).error().find("No space left") != std::string::npos);
  TrainAll(story, 1);
  CHECK(story.Last<v1::ReportShardSavedRequest>(0).error().empty());
}

}  // namespace
}  // namespace pumasi
