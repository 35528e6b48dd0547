// What a shard counts of its memory, against a count that looks at everything; and that the count never passes a limit.
#include "server/memory_account.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "server/snapshot.h"
#include "tests/checkpoint/failing_files.h"
#include "tests/common/temp_folder.h"
#include "tests/server/shard_group.h"

namespace pumasi {
namespace {

constexpr uint32_t kParts = 8;

Shard::Options OptionsWith(uint64_t memory_limit) {
  Shard::Options options;
  options.job = AdamJob(kParts);
  options.tables = SmallTables();
  options.tables[0].set_rows(5000);  // ids stay below 60: the table only says that more could come
  options.layout.add_servers()->set_incarnation(5);
  for (int slot = 0; slot < 3; ++slot) options.layout.add_slot_owner(0);
  options.incarnation = 5;
  options.memory_limit = memory_limit;
  return options;
}

std::unique_ptr<Shard> ShardWith(uint64_t memory_limit) {
  auto shard = Shard::Create(OptionsWith(memory_limit));
  REQUIRE(shard.ok());
  return *std::move(shard);
}

std::unique_ptr<Snapshot> Cut(Shard& shard, const std::string& output, const std::string& file) {
  Snapshot::Target target;
  target.output = output;
  target.folder = "checkpoint";
  target.file = file;
  return std::make_unique<Snapshot>(target, shard.shared_shape(), shard.PrimariesAt(*shard.LeastVersion()));
}

// Bytes of a set of rows and chunks in a message: ids and floats.
uint64_t BytesOf(const v1::SlotState::Values& values) {
  uint64_t bytes = 0;
  for (const auto& rows : values.rows()) bytes += rows.deltas_size() * sizeof(uint64_t) + rows.floats().size();
  for (const auto& chunk : values.dense()) bytes += chunk.values().size();
  return bytes;
}

struct Seen {
  uint64_t tables = 0, before = 0, gradients = 0, checkpoint = 0;
};

// From what a copy of the slots would be, and what checkpoints keep.
Seen Look(const Shard& shard) {
  Seen seen;
  for (uint32_t number = 0; number < shard.shape().slots(); ++number) {
    Slot& slot = *shard.slot(number);
    const v1::SlotState state = slot.ToState(0, {});
    seen.before += BytesOf(state.before());
    for (const auto& node : state.nodes()) seen.gradients += BytesOf(node.gradient());
    for (uint32_t table = 0; table < shard.shape().tables.size(); ++table) {
      if (shard.shape().IsRows(table)) seen.tables += slot.rows(table)->bytes();
    }
    for (size_t chunk = 0; chunk < shard.shape().chunks[number].size(); ++chunk) {
      // With a copy of the value, for pulls.
      seen.tables += (slot.dense(chunk).size() + shard.shape().chunks[slot.number()][chunk].floats) * sizeof(float);
    }
    if (slot.cut() == nullptr) continue;
    for (const auto& rows : slot.cut()->rows) {
      for (const auto& [row, old] : rows.old) seen.checkpoint += SlotCut::RowBytes(old.state.size());
    }
    for (const auto& dense : slot.cut()->dense) seen.checkpoint += dense.old.size() * sizeof(float);
  }
  return seen;
}

void CheckCount(const Shard& shard, uint64_t inserted) {
  const Seen seen = Look(shard);
  const MemoryAccount& memory = *shard.memory();
  const uint64_t tables = memory.bytes(MemoryUse::kTables), before = memory.bytes(MemoryUse::kBefore);
  // Rows that are promised are not there yet; sums may have been given more room than they need.
  CHECK(tables >= seen.tables);
  if (memory.limit() == 0 || seen.gradients == 0) CHECK(tables == seen.tables);
  CHECK(before >= seen.before);
  CHECK(before <= 2 * seen.before + 26005 * sizeof(float));
  CHECK(memory.bytes(MemoryUse::kGradients) >= seen.gradients);
  CHECK(memory.bytes(MemoryUse::kGradients) <= inserted);
  CHECK(memory.bytes(MemoryUse::kCheckpoint) >= seen.checkpoint);
  CHECK(memory.bytes() == tables + before + memory.bytes(MemoryUse::kGradients) + memory.bytes(MemoryUse::kCheckpoint));
}

uint64_t WithIds(const Gradient& gradient) {
  // Each id may also stand among those of new rows.
  return MemoryOf(gradient) + gradient.rows[0].ids.size() * sizeof(uint64_t);
}

TEST_CASE("What is counted is what is there, whatever is pushed, copied and saved") {
  const uint64_t seed = GENERATE(range(0, 10)), limit = GENERATE(0, 1 << 30);
  CAPTURE(seed, limit);
  std::mt19937_64 random(seed);
  TempFolder folder;
  FailingFiles disk;
  std::shared_ptr<MemoryAccount> memory;
  {
    auto shard = ShardWith(limit);
    memory = shard->memory();
    CheckCount(*shard, 0);
    std::unique_ptr<Snapshot> snapshot;
    for (uint64_t version = 0; version < 12; ++version) {
      uint64_t inserted = 0;
      if (snapshot == nullptr && random() % 2 == 0) snapshot = Cut(*shard, folder / "x", std::to_string(version));
      for (const PartRange node : RandomNodes(kParts, random)) {
        const Gradient gradient = RandomGradient(random);
        inserted += WithIds(gradient);
        v1::PushResponse response;
        REQUIRE(PushPlain(*shard, PushFor(shard->layout(), 0, version, node, gradient), &response).ok());
        CheckCount(*shard, *shard->LeastVersion() > version ? 0 : inserted);
        for (int step = 0; snapshot != nullptr && step < 3; ++step) {
          snapshot->Copy(1 + random() % 100000);
          REQUIRE(snapshot->Write(disk).ok());
          if (!snapshot->done()) continue;
          snapshot->EndCuts();
          snapshot = nullptr;
        }
        CheckCount(*shard, *shard->LeastVersion() > version ? 0 : inserted);
      }
    }
    if (snapshot != nullptr) snapshot->EndCuts();
    // A copy, whole and in the middle of a batch.
    v1::PushResponse response;
    const Gradient gradient = RandomGradient(random);
    REQUIRE(PushPlain(*shard, PushFor(shard->layout(), 0, 12, {0, 1}, gradient), &response).ok());
    const uint64_t bytes = memory->bytes(), slot = shard->slot(1)->all_bytes();
    auto copy = shard->NewSlot(1);
    REQUIRE(copy->TakeState(shard->slot(1)->ToState(0, {})).ok());
    CHECK(memory->bytes(MemoryUse::kCopies) == copy->all_bytes());
    // Tables that grew by and by have more to spare, or less.
    CHECK(copy->all_bytes() < 2 * slot);
    CHECK(2 * copy->all_bytes() > slot);
    copy = nullptr;
    CHECK(memory->bytes() == bytes);
    CHECK(memory->bytes(MemoryUse::kCopies) == 0);
  }
  CHECK(memory->bytes() == 0);
}

struct Counts {
  uint64_t trained = 0, too_small = 0, refused = 0, written = 0, given_up = 0;
};

// A job on a shard with a random limit, and again without one: the same parameters.
void TrainLimited(uint64_t seed, Counts& counts) {
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  TempFolder folder;
  FailingFiles disk;
  auto free = ShardWith(0);
  // The tensors with what a batch needs take 624120 bytes.
  const uint64_t limit = 634000 + random() % 500000;
  auto shard = ShardWith(limit);
  std::unique_ptr<Snapshot> snapshot;
  const auto write_on = [&] {
    snapshot->Copy(1 + random() % 100000);
    const absl::Status status = snapshot->Write(disk);
    if (status.ok() && !snapshot->done()) return;
    if (!status.ok()) CHECK(absl::IsResourceExhausted(status));
    ++(status.ok() ? counts.written : counts.given_up);
    snapshot->EndCuts();
    snapshot = nullptr;
  };
  for (uint64_t version = 0; version < 8; ++version) {
    if (snapshot == nullptr && random() % 2 == 0) snapshot = Cut(*shard, folder / "x", std::to_string(version));
    std::vector<Gradient> parts;
    for (uint32_t part = 0; part < kParts; ++part) parts.push_back(RandomGradient(random));
    std::vector<PartRange> waiting;
    for (uint32_t part = 0; part < kParts; ++part) waiting.push_back({part, part + 1});
    std::shuffle(waiting.begin(), waiting.end(), random);
    for (uint32_t part = 0; part < kParts; ++part) {
      v1::PushResponse response;
      REQUIRE(PushPlain(*free, PushFor(shard->layout(), 0, version, {part, part + 1}, parts[part]), &response).ok());
    }
    for (int tries = 0; !waiting.empty(); ++tries) {
      // In turn, those that were refused again later; after a while in the order in which they add up soonest.
      if (tries == 1000) std::sort(waiting.begin(), waiting.end());
      REQUIRE(tries < 2000);
      const PartRange part = waiting.front();
      waiting.erase(waiting.begin());
      v1::PushResponse response;
      const absl::Status status =
          PushPlain(*shard, PushFor(shard->layout(), 0, version, part, parts[part.first]), &response);
      REQUIRE(shard->bytes() <= limit);
      if (!status.ok()) {
        REQUIRE(ReasonOf(status) == v1::ErrorDetail::OVER_LIMIT);
        REQUIRE(absl::IsResourceExhausted(status));
        if (DetailOf(status)->waiting_for().empty() || tries > 1500) {
          ++counts.too_small;
          return;
        }
        ++counts.refused;
        waiting.push_back(part);
      }
      if (snapshot != nullptr) write_on();
    }
    REQUIRE(*shard->LeastVersion() == version + 1);
  }
  ++counts.trained;
  for (uint32_t slot = 0; slot < shard->shape().slots(); ++slot) {
    CHECK(shard->slot(slot)->ToState(0, {}).SerializeAsString() ==
          free->slot(slot)->ToState(0, {}).SerializeAsString());
  }
}

TEST_CASE("Under any limit the count stays below it, and what is taken comes to the same parameters") {
  Counts counts;
  for (uint64_t seed = 0; seed < 40; ++seed) TrainLimited(seed, counts);
  CAPTURE(counts.trained, counts.too_small, counts.refused, counts.written, counts.given_up);
  CHECK(counts.trained > 10);
  CHECK(counts.refused > 10);
  CHECK(counts.written > 10);
  CHECK(counts.given_up > 10);
}

TEST_CASE("Bytes leave an account with what counted them, and change their use") {
  auto memory = std::make_shared<MemoryAccount>(100);
  CHECK(memory->Fits(100));
  {
    CountedBytes some(memory, MemoryUse::kLog), others(memory, MemoryUse::kTables);
    some.Set(30);
    others.Add(50);
    others.Subtract(10);
    CHECK(memory->bytes() == 70);
    CHECK(memory->passing() == 30);
    CHECK(memory->Fits(30));
    CHECK_FALSE(memory->Fits(31));
    CHECK(memory->Describe() == "tables 40, the push log 30");
    others.SetUse(MemoryUse::kCopies);
    CHECK(memory->passing() == 70);
    CHECK(memory->LargestPassing() == "copies of slots");
  }
  CHECK(memory->bytes() == 0);
  CHECK(memory->LargestPassing().empty());
  CHECK(MemoryAccount(0).Fits(~uint64_t{0}));
  CountedBytes alone(nullptr, MemoryUse::kLog);
  alone.Set(5);
  CHECK(alone.bytes() == 5);
}

}  // namespace
}  // namespace pumasi
