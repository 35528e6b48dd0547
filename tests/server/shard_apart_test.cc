// Shards of a layout in which rows lie apart from dense chunks: one has all rows, another one all tensors.
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "common/checkpoint/model_folder.h"
#include "common/error_detail.h"
#include "common/message_json.h"
#include "server/snapshot.h"
#include "tests/checkpoint/failing_files.h"
#include "tests/common/temp_folder.h"
#include "tests/server/plain_messages.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;
constexpr uint32_t kParts = 4, kSlots = ShardGroup::kSlots;

v1::PushRequest RowsAlone(v1::PushRequest push) {
  push.clear_dense();
  return push;
}
v1::PushRequest DenseAlone(v1::PushRequest push) {
  push.clear_keys();
  push.clear_values();
  return push;
}

// And beside them a server that has everything.
struct Halves {
  ShardGroup one;
  std::unique_ptr<Shard> rows, dense;

  explicit Halves(uint64_t version = 0) : one(AdamJob(kParts), 1, 1, version) {
    Shard::Options options = one.options();
    v1::Layout& layout = options.layout;
    layout.clear_slot_owner();
    layout.add_servers()->set_incarnation(101);
    layout.set_dense_from(kSlots);
    layout.add_replicas(1);
    for (uint32_t slot = 0; slot < 2 * kSlots; ++slot) layout.add_slot_owner(slot < kSlots ? 0 : 1);
    for (auto* shard : {&rows, &dense}) {
      options.incarnation = shard == &rows ? 100 : 101;
      auto made = Shard::Create(options);
      INFO(made.status().ToString());
      REQUIRE(made.ok());
      *shard = *std::move(made);
    }
  }
  void Train(uint64_t version, uint64_t batches) {
    for (const uint64_t end = version + batches; version < end; ++version) {
      std::mt19937_64 random(version);
      std::vector<Gradient> parts;
      for (uint32_t part = 0; part < kParts; ++part) parts.push_back(RandomGradient(random));
      for (const PartRange& node : RandomNodes(kParts, random)) {
        const Gradient sum = SumOf(parts, node);
        const v1::PushRequest push = one.PushFor(0, version, node, sum);
        one.Push(version, node, sum);
        v1::PushResponse response;
        REQUIRE(PushPlain(*rows, RowsAlone(push), &response).ok());
        REQUIRE(PushPlain(*dense, DenseAlone(push), &response).ok());
      }
    }
  }
  AllValues PullAll(uint64_t version) const {
    v1::PullRequest request = one.PullFor(0, version);
    request.set_dense(false);
    v1::PullResponse both, tensors;
    REQUIRE(PullPlain(*rows, request, &both).ok());
    request.clear_rows();
    request.set_dense(true);
    REQUIRE(PullPlain(*dense, request, &tensors).ok());
    CHECK(both.dense().empty());
    CHECK(tensors.rows().empty());
    *both.mutable_dense() = tensors.dense();
    AllValues all = NoValues();
    TakeAnswer(one.layout(), 0, both, &all);
    return all;
  }
};

v1::Manifest::File Save(Shard& shard, uint64_t version, const std::string& output, const std::string& file) {
  FailingFiles disk;
  Snapshot::Target target;
  target.output = output;
  target.folder = "checkpoint";
  target.file = file;
  target.progress.set_version(version);
  Snapshot snapshot(target, shard.shared_shape(), shard.PrimariesAt(version));
  while (!snapshot.done()) {
    snapshot.Copy();
    REQUIRE(snapshot.Write(disk).ok());
  }
  snapshot.EndCuts();
  v1::Manifest::File saved;
  saved.set_name(file);
  saved.set_size(snapshot.info().size);
  saved.set_crc32c(snapshot.info().crc32c);
  saved.set_version(version);
  return saved;
}

std::unique_ptr<ModelFolder> SaveAll(const std::vector<Shard*>& shards, uint64_t version, const std::string& output) {
  FailingFiles disk;
  REQUIRE(disk.MakeFolder(output + "/checkpoint").ok());
  v1::Manifest manifest;
  manifest.set_format(kCheckpointFormat);
  for (const v1::TableSpec& table : SmallTables()) *manifest.add_tables() = table;
  manifest.set_slots(kSlots);
  manifest.mutable_progress()->set_version(version);
  for (const char* slot : {"m", "v"}) manifest.add_optimizer_slots(slot);
  for (Shard* shard : shards) {
    *manifest.add_shards() = Save(*shard, version, output, "shard-" + std::to_string(manifest.shards_size()));
  }
  disk.Put(output + "/checkpoint/manifest.json", MessageToJson(manifest));
  auto model = ModelFolder::Open(RealFiles(), output + "/checkpoint");
  INFO(model.status().ToString());
  REQUIRE(model.ok());
  return *std::move(model);
}

TEST_CASE("Rows and tensors that lie apart come to the bits of those that lie together") {
  Halves halves;
  for (uint64_t version = 0; version < 6; ++version) {
    halves.Train(version, 1);
    CHECK(SameBits(halves.PullAll(version + 1), halves.one.PullAll(version + 1)));
    CHECK(SameBits(halves.PullAll(version), halves.one.PullAll(version)));
  }
}

TEST_CASE("A checkpoint of shards that lie apart goes on as one that lies together, and back") {
  TempFolder folder;
  Halves halves;
  halves.Train(0, 5);
  const AllValues values = halves.one.PullAll(5);
  const auto apart = SaveAll({halves.rows.get(), halves.dense.get()}, 5, folder / "apart");
  const auto together = SaveAll({halves.one.shards()[0].get()}, 5, folder / "together");
  Halves from_apart(5), from_together(5);
  REQUIRE(from_apart.one.shards()[0]->Load(*apart).ok());
  REQUIRE(from_apart.rows->Load(*apart).ok());
  REQUIRE(from_apart.dense->Load(*apart).ok());
  REQUIRE(from_together.one.shards()[0]->Load(*together).ok());
  REQUIRE(from_together.rows->Load(*together).ok());
  REQUIRE(from_together.dense->Load(*together).ok());
  halves.Train(5, 3);
  for (Halves* other : {&from_apart, &from_together}) {
    CHECK(SameBits(other->one.PullAll(5), values));
    CHECK(SameBits(other->PullAll(5), values));
    other->Train(5, 3);
    CHECK(SameBits(other->PullAll(8), halves.one.PullAll(8)));
  }
}

TEST_CASE("Rows are refused where dense chunks lie, and dense chunks where rows lie") {
  Halves halves;
  std::mt19937_64 random(3);
  Gradient gradient = RandomGradient(random);
  while (gradient.rows[0].ids.empty() || gradient.dense[1].empty()) gradient = RandomGradient(random);
  const v1::PushRequest push = halves.one.PushFor(0, 0, {0, 1}, gradient);
  v1::PushResponse response;
  CHECK(ReasonOf(PushPlain(*halves.dense, RowsAlone(push), &response)) == D::MALFORMED);
  CHECK(ReasonOf(PushPlain(*halves.rows, DenseAlone(push), &response)) == D::MALFORMED);
  v1::PullResponse values;
  CHECK(ReasonOf(PullPlain(*halves.dense, halves.one.PullFor(0, 0), &values)) == D::MALFORMED);
}

TEST_CASE("A layout that lies apart in another way is refused") {
  Halves halves;
  Shard::Options options = halves.one.options();
  for (uint32_t slot = 0; slot < kSlots; ++slot) options.layout.add_slot_owner(0);
  options.layout.set_dense_from(kSlots - 1);
  CHECK(absl::IsInvalidArgument(Shard::Create(options).status()));
  v1::Layout together = halves.rows->layout();
  together.clear_dense_from();
  together.clear_replicas();
  CHECK(absl::IsInvalidArgument(halves.rows->SetLayout(together)));
}

}  // namespace
}  // namespace pumasi
