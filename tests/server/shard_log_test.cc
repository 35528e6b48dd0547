// What the log leads to is what the run that wrote it came to, bit by bit.
#include <catch2/catch.hpp>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "common/checkpoint/manifest.h"
#include "common/checkpoint/push_log.h"
#include "common/planted_bug.h"
#include "server/hosting_effects.h"
#include "server/snapshot.h"
#include "tests/checkpoint/failing_files.h"
#include "tests/common/temp_folder.h"
#include "tests/ops/optimizer_cases.h"
#include "tests/server/plain_messages.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

constexpr uint32_t kParts = 4;
constexpr uint64_t kEvery = 5;

std::vector<std::string> Optimizers() {
  const std::string adam = "adam { learning_rate: 0.01 beta_1: 0.9 beta_2: 0.999 epsilon: 1e-8 } ";
  return {
      adam,
      adam + "clip { norm: 1e-3 }",
      adam + "clip { global_norm: 2e-3 } l2: 0.01",
      "lazy_adam { learning_rate: 0.01 beta_1: 0.9 beta_2: 0.999 epsilon: 1e-8 amsgrad: true }",
      "adagrad { learning_rate: 0.1 initial_accumulator: 0.1 epsilon: 1e-7 }",
      "sgd { learning_rate: 0.1 momentum: 0.9 nesterov: true } schedule { step { every: 4 factor: 0.7 } }",
      "sgd { learning_rate: 0.5 momentum: 0.9 } clip { norm: 1e-2 }",
      "ftrl { learning_rate: 0.05 initial_accumulator: 0.1 learning_rate_power: -0.5 l1: 0.001 l2: 0.01 beta: 1 }",
  };
}

v1::Job JobWith(const std::string& optimizer) {
  v1::Job job;
  job.set_micro_batches(kParts);
  *job.mutable_optimizer() = ParseOptimizer(optimizer);
  return job;
}

// A plateau: the rate falls with steps 4 and 9.
RateChanges ChangesUpTo(uint64_t version) {
  RateChanges changes;
  for (const auto& [step, factor] : {std::pair(4, 0.5), std::pair(9, 0.125)}) {
    if (static_cast<uint64_t>(step) > version + 1) continue;
    v1::RateChange& change = changes.emplace_back();
    change.set_from_step(step);
    change.set_factor(factor);
  }
  return changes;
}

std::vector<Gradient> PartsOf(uint64_t version) {
  std::mt19937_64 random(version + 77);
  std::vector<Gradient> gradients;
  for (uint32_t part = 0; part < kParts; ++part) gradients.push_back(RandomGradient(random));
  return gradients;
}

// Shards that hold a layout's slots between them.
using Shards = std::vector<std::unique_ptr<Shard>>;

// One batch on all of them, cut into nodes at random.
void Train(Shards& shards, const v1::Layout& layout, uint64_t version, std::mt19937_64& random) {
  const std::vector<Gradient> parts = PartsOf(version);
  for (const PartRange& node : RandomNodes(kParts, random)) {
    for (uint32_t server = 0; server < shards.size(); ++server) {
      v1::PushRequest push = PushFor(layout, server, version, node, SumOf(parts, node));
      const RateChanges changes = ChangesUpTo(version);
      *push.mutable_rate_changes() = {changes.begin(), changes.end()};
      v1::PushResponse response;
      const absl::Status status = PushPlain(*shards[server], push, &response);
      INFO(status.ToString());
      REQUIRE(status.ok());
    }
  }
  if (!shards[0]->optimizers().clips_by_norm()) return;
  std::vector<ExactSum> sums(SmallTables().size());
  for (auto& shard : shards) {
    if (!shard->waits_for_norms().has_value()) continue;
    const std::vector<ExactSum> squares = shard->Squares();
    for (size_t table = 0; table < sums.size(); ++table) sums[table].Add(squares[table]);
  }
  std::vector<double> squares;
  for (const ExactSum& sum : sums) squares.push_back(sum.Value());
  for (auto& shard : shards) REQUIRE(shard->ApplyNorms(version, squares).ok());
}

// By slot, all that is stored.
std::vector<std::string> States(const Shards& shards) {
  std::vector<std::string> states(ShardGroup::kSlots);
  for (const auto& shard : shards) {
    for (uint32_t slot = 0; slot < ShardGroup::kSlots; ++slot) {
      if (shard->role(slot) != SlotRole::kPrimary) continue;
      v1::SlotState state = shard->slot(slot)->ToState(0, {});
      state.clear_before();
      states[slot] = state.SerializeAsString();
    }
  }
  return states;
}

void WriteAll(Snapshot& snapshot, Files& disk) {
  while (!snapshot.done()) {
    snapshot.Copy();
    REQUIRE(snapshot.Write(disk).ok());
  }
  snapshot.EndCuts();
}

// A run that nothing disturbs: states of all versions, a log, and a checkpoint every kEvery batches.
class Live {
 public:
  static constexpr uint64_t kBatches = 14;

  Live(const v1::Job& job, uint32_t servers, uint64_t seed)
      : group_(job, servers, seed, 0, /*backups=*/servers > 1 && seed % 2 == 0, /*log=*/true), random_(seed) {
    // (As Hosting does, but for the time that it takes.)
    for (uint32_t server = 0; server < servers; ++server) NextFile(server, 0);
    states_.push_back(States(group_.shards()));
    for (uint64_t version = 0; version < kBatches; ++version) {
      if (version > 0 && version % kEvery == 0) Save(version);
      Train(group_.shards(), group_.layout(), version, random_);
      states_.push_back(States(group_.shards()));
      for (uint32_t server = 0; server < servers; ++server) {
        if (version > 0 && version % kEvery == 0) NextFile(server, version);
        for (const LoggedBytes& bytes : group_.shards()[server]->TakeLog()) {
          REQUIRE(bytes.version == version);
          REQUIRE(files_[server]->Write(bytes.records).ok());
        }
      }
    }
  }

  const std::vector<std::string>& states(uint64_t version) const { return states_[version]; }
  std::string log() const { return folder_ / "push-log"; }
  std::string CheckpointAt(uint64_t version) const {
    return version == 0 ? "" : folder_ / ("checkpoint-" + std::to_string(version));
  }
  // What a server of another run is told that goes back to `cut`.
  ShardWish Wish(const ShardGroup& other, uint64_t checkpoint, uint64_t cut) const {
    ShardWish wish;
    wish.options = other.options();
    wish.options.first_version = cut;
    // Known are those of the batches up to the cut.
    if (cut > 0) wish.options.rate_changes = ChangesUpTo(cut - 1);
    wish.resume = CheckpointAt(checkpoint);
    wish.push_log = log();
    return wish;
  }
  FailingFiles& disk() { return disk_; }

 private:
  void NextFile(uint32_t server, uint64_t version) {
    auto file = PushLogWriter::Create(disk_, log(), version, std::to_string(server));
    REQUIRE(file.ok());
    files_.resize(group_.shards().size());
    files_[server] = *std::move(file);
  }
  void Save(uint64_t version) {
    v1::Manifest manifest;
    manifest.set_format(kCheckpointFormat);
    for (const v1::TableSpec& table : SmallTables()) *manifest.add_tables() = table;
    manifest.set_slots(ShardGroup::kSlots);
    manifest.mutable_progress()->set_version(version);
    for (const std::string& name : group_.shards()[0]->optimizers().job().slot_names()) {
      manifest.add_optimizer_slots(name);
    }
    for (auto& shard : group_.shards()) {
      auto slots = shard->PrimariesAt(version);
      if (slots.empty()) continue;
      Snapshot::Target target;
      target.output = folder_.path();
      target.folder = "checkpoint-" + std::to_string(version);
      target.file = "shard-" + std::to_string(manifest.shards_size());
      target.progress.set_version(version);
      Snapshot snapshot(target, shard->shared_shape(), std::move(slots));
      WriteAll(snapshot, disk_);
      auto* file = manifest.add_shards();
      file->set_name(target.file);
      file->set_size(snapshot.info().size);
      file->set_crc32c(snapshot.info().crc32c);
      file->set_version(version);
    }
    REQUIRE(WriteManifest(disk_, CheckpointAt(version), manifest).ok());
  }

  TempFolder folder_;
  FailingFiles disk_;
  ShardGroup group_;
  std::mt19937_64 random_;
  std::vector<std::vector<std::string>> states_;
  std::vector<std::unique_ptr<PushLogWriter>> files_;
};

TEST_CASE(
    "From any checkpoint the log leads to every batch with the bits of the run that wrote it, and on from there") {
  const std::string optimizer = GENERATE(from_range(Optimizers()));
  const uint32_t servers = GENERATE(1, 3);
  CAPTURE(optimizer, servers);
  const v1::Job job = JobWith(optimizer);
  Live live(job, servers, 3 + servers);
  std::mt19937_64 random(servers);
  for (uint64_t cut = 0; cut <= Live::kBatches; ++cut) {
    // Other servers, with other slots.
    const ShardGroup other(job, 1 + cut % 3, cut + 20);
    const uint64_t checkpoint = random() % (cut / kEvery + 1) * kEvery;
    if (checkpoint >= Live::kBatches) continue;
    CAPTURE(cut, checkpoint);
    Shards shards;
    for (uint32_t server = 0; server < 1 + cut % 3; ++server) {
      ShardWish wish = live.Wish(other, checkpoint, cut);
      wish.options.incarnation = 100 + server;
      auto shard = MakeShard(wish, live.disk());
      INFO(shard.status().ToString());
      REQUIRE(shard.ok());
      REQUIRE((*shard)->LeastVersion().value_or(cut) == cut);
      // Nothing of it is to be logged again, and nothing before it is known.
      REQUIRE((*shard)->TakeLog().empty());
      for (uint32_t slot = 0; slot < ShardGroup::kSlots; ++slot) {
        if ((*shard)->whole(slot)) REQUIRE_FALSE((*shard)->slot(slot)->has_before());
      }
      shards.push_back(*std::move(shard));
    }
    REQUIRE(States(shards) == live.states(cut));
    if (cut % 4 != 1) continue;
    for (uint64_t version = cut; version < Live::kBatches; ++version) Train(shards, other.layout(), version, random);
    REQUIRE(States(shards) == live.states(Live::kBatches));
  }
}

TEST_CASE("A log that is cut off anywhere leads to where it is whole") {
  const uint32_t seed = GENERATE(range(0, 30));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const std::vector<std::string> optimizers = Optimizers();
  const v1::Job job = JobWith(optimizers[seed % optimizers.size()]);
  const uint32_t servers = 1 + seed % 3;
  Live live(job, servers, seed);
  // What the processes wrote last, they wrote partly.
  const auto names = live.disk().List(live.log());
  REQUIRE(names.ok());
  for (const std::string& name : *names) {
    if (name.substr(0, 13) != "log-000000010") continue;
    const std::string path = live.log() + "/" + name;
    const std::string bytes = *ReadFile(live.disk(), path, 1 << 30);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes.substr(0, random() % (bytes.size() + 1));
  }
  auto log = PushLog::Open(live.disk(), live.log());
  REQUIRE(log.ok());
  uint64_t cut = Live::kBatches;
  for (uint32_t slot = 0; slot < ShardGroup::kSlots; ++slot) cut = std::min(cut, (*log)->EndOf(slot, kEvery));
  REQUIRE(cut >= 10);
  const ShardGroup other(job, 1, seed);
  auto shard = MakeShard(live.Wish(other, kEvery, cut), live.disk());
  INFO(shard.status().ToString());
  REQUIRE(shard.ok());
  Shards shards;
  shards.push_back(*std::move(shard));
  REQUIRE(States(shards) == live.states(cut));
  for (uint64_t version = cut; version < Live::kBatches; ++version) Train(shards, other.layout(), version, random);
  CHECK(States(shards) == live.states(Live::kBatches));
  if (cut == Live::kBatches) return;
  const auto too_far = MakeShard(live.Wish(other, kEvery, cut + 1), live.disk());
  CHECK(absl::IsNotFound(too_far.status()));
  CAPTURE(too_far.status().ToString());
  CHECK(std::string(too_far.status().message()).find(": the log has no batch " + std::to_string(cut) + " of slot ") !=
        std::string::npos);
}

TEST_CASE("Planted: a log with other gradients, or that is not applied to its end, leads elsewhere") {
  const PlantedBug planted = GENERATE(PlantedBug::kLogBeforeNorms, PlantedBug::kReplayStopsEarly);
  CAPTURE(PlantedBugName(planted));
  ScopedPlantedBug bug(planted);
  const v1::Job job = JobWith("sgd { learning_rate: 0.5 momentum: 0.9 } clip { norm: 1e-3 }");
  Live live(job, 1, 5);
  const ShardGroup other(job, 1, 5);
  Shards shards;
  shards.push_back(*MakeShard(live.Wish(other, 0, 7), live.disk()));
  CHECK(States(shards) != live.states(7));
}

TEST_CASE("A log of another job is refused: the first record that does not fit is named") {
  const v1::Job job = JobWith("sgd { learning_rate: 0.5 }");
  Live live(job, 1, 5);
  ShardWish wish = live.Wish(ShardGroup(job, 1, 5), 0, 3);
  wish.options.tables[0].set_columns(4);
  const absl::Status status = MakeShard(wish, live.disk()).status();
  CHECK(absl::IsDataLoss(status));
  CAPTURE(status.ToString());
  CHECK(std::string(status.message()).find(", table 0: there is no table of rows of width 3: it is of another job") !=
        std::string::npos);
}

TEST_CASE("A slot refuses what is not its next batch, or not of it, and stays as it was") {
  ShardGroup group(JobWith("sgd { learning_rate: 0.5 }"), 1);
  Shard& shard = *group.shards()[0];
  const std::vector<std::string> before = States(group.shards());
  // A slot that has rows and a chunk.
  uint32_t number = 0;
  std::vector<uint64_t> ours, others;
  for (;; ++number) {
    REQUIRE(number < ShardGroup::kSlots);
    ours.clear();
    others.clear();
    for (uint64_t id = 0; id < 60; ++id) (SlotOfRow(0, id, ShardGroup::kSlots) == number ? ours : others).push_back(id);
    if (ours.size() >= 2 && !shard.shape().chunks[number].empty()) break;
  }
  Slot& slot = *shard.slot(number);
  const ParameterShape::Chunk chunk = shard.shape().chunks[number][0];
  const std::vector<float> values(kChunkFloats);
  const auto refuses = [&](LoggedBatch batch) {
    const absl::Status status = slot.Replay(batch, shard.optimizers());
    CAPTURE(status.ToString());
    CHECK(absl::IsDataLoss(status));
    CHECK(slot.version() == 0);
    CHECK(States(group.shards()) == before);
  };
  const auto rows = [&](uint32_t table, uint32_t width, const std::vector<uint64_t>& ids) {
    return LoggedBatch::Rows{table, width, ids.size(), ids.data(), values.data()};
  };
  const std::vector<uint64_t> beyond = {60}, twice = {ours[0], ours[0]}, falling = {ours[1], ours[0]};
  refuses({1, number, {}, {}});
  refuses({0, number + 1, {}, {}});
  refuses({0, number, {rows(1, 3, ours)}, {}});
  refuses({0, number, {rows(99, 3, ours)}, {}});
  refuses({0, number, {rows(0, 2, ours)}, {}});
  refuses({0, number, {rows(0, 3, others)}, {}});
  refuses({0, number, {rows(0, 3, beyond)}, {}});
  refuses({0, number, {rows(0, 3, twice)}, {}});
  refuses({0, number, {rows(0, 3, falling)}, {}});
  refuses({0, number, {rows(0, 3, ours), rows(0, 3, ours)}, {}});
  refuses({0, number, {}, {{chunk.table, chunk.chunk, chunk.floats - 1, values.data()}}});
  refuses({0, number, {}, {{0, 0, 3, values.data()}}});
  refuses({0, number, {}, {{99, 0, 3, values.data()}}});
  const absl::Status taken = slot.Replay(
      {0, number, {rows(0, 3, ours)}, {{chunk.table, chunk.chunk, chunk.floats, values.data()}}}, shard.optimizers());
  CHECK(taken.ToString() == "OK");
  CHECK(slot.version() == 1);
}

}  // namespace
}  // namespace pumasi
