// SqliteStore through crashes of the process and of the machine, on a disk that fails now and then: compared with what
// a store may have lost by its contract.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "scheduler/sqlite_store.h"
#include "tests/scheduler/crash_disk.h"

namespace pumasi {
namespace {

using State = std::map<std::string, std::string>;

constexpr int kCrashesOfADisk = 5;
constexpr int kDisks = 2000;
const char kPath[] = "/store.db";

std::unique_ptr<SqliteStore> Opened(const CrashDisk& disk, uint64_t max_log_bytes, absl::Status* status) {
  SqliteStore::Options options;
  options.path = kPath;
  options.vfs = disk.vfs();
  options.max_log_bytes = max_log_bytes;
  auto store = SqliteStore::Open(options);
  *status = store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

State StateOf(Store& store) {
  auto entries = store.List("");
  REQUIRE(entries.ok());
  State state;
  for (StoreEntry& entry : *entries) state[entry.key] = std::move(entry.value);
  return state;
}

void Change(const StoreBatch& batch, State* state) {
  for (const auto& [key, value] : batch.changes()) {
    if (value.has_value()) {
      (*state)[key] = *value;
    } else {
      state->erase(key);
    }
  }
}

// What a store may hold after a restart.
class Expected {
 public:
  const State& latest() const { return acknowledged_.back(); }

  void Succeeded(const StoreBatch& batch, Durability durability) {
    State next = latest();
    Change(batch, &next);
    maybe_.clear_latest();
    if (durability == Durability::kSynced) {
      acknowledged_.clear();
      maybe_.clear();
    }
    acknowledged_.push_back(std::move(next));
  }
  void Failed(const StoreBatch& batch) {
    State next = latest();
    Change(batch, &next);
    maybe_.add(std::move(next));
  }
  // Of the machine if `power`, otherwise of the process.
  bool Allows(const State& found, bool power) const {
    if (found == latest()) return true;
    for (const State& state : maybe_.latest)
      if (found == state) return true;
    if (!power) return false;
    for (const State& state : acknowledged_)
      if (found == state) return true;
    for (const State& state : maybe_.earlier)
      if (found == state) return true;
    return false;
  }
  void Restart(State found) {
    acknowledged_.assign(1, std::move(found));
    maybe_.clear();
  }

 private:
  // Failed batches on top of the latest state, and of earlier ones.
  struct {
    std::vector<State> latest, earlier;
    void add(State state) { latest.push_back(std::move(state)); }
    void clear_latest() {
      for (State& state : latest) earlier.push_back(std::move(state));
      latest.clear();
    }
    void clear() {
      latest.clear();
      earlier.clear();
    }
  } maybe_;
  std::vector<State> acknowledged_{State()};  // the last synced one first
};

StoreBatch RandomBatch(std::mt19937_64& random) {
  StoreBatch batch;
  const int changes = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < changes; ++i) {
    const std::string key = "key" + std::to_string(random() % 12);
    if (random() % 5 == 0) {
      batch.Delete(key);
      continue;
    }
    const size_t size = random() % 16 == 0 ? random() % 20000 : random() % 400;
    batch.Put(key, std::to_string(random()) + std::string(size, static_cast<char>('a' + random() % 26)));
  }
  return batch;
}

// Commits until the process dies, or some commits are made.
void Live(SqliteStore& store, CrashDisk& disk, std::mt19937_64& random, Expected* expected) {
  const int commits = 1 + static_cast<int>(random() % 40);
  for (int i = 0; i < commits && !disk.dead(); ++i) {
    const StoreBatch batch = RandomBatch(random);
    const Durability durability = random() % 3 == 0 ? Durability::kSynced : Durability::kOrdered;
    const absl::Status status = store.Commit(batch, durability);
    if (status.ok()) {
      expected->Succeeded(batch, durability);
    } else {
      expected->Failed(batch);
      if (disk.dead()) return;
      REQUIRE(StateOf(store) == expected->latest());
      if (random() % 4 == 0) disk.DieAt(1);
    }
  }
}

// Returns how many crashes there were.
int RunDisk(uint64_t seed) {
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  CrashDisk disk(random());
  Expected expected;
  const bool fails = random() % 2 == 0;
  bool power = false;
  for (int crash = 0; crash <= kCrashesOfADisk; ++crash) {
    CAPTURE(crash);
    absl::Status status;
    // Often it dies again while it opens.
    if (random() % 4 == 0) {
      disk.DieAt(1 + random() % 20);
      Opened(disk, 1 << 20, &status).reset();
      const bool power_again = random() % 2 == 0;
      power_again ? disk.LosePower() : disk.Kill();
      power = power || power_again;
    }
    auto store = Opened(disk, (16 << 10) << random() % 6, &status);
    INFO(status.ToString());
    REQUIRE(status.ok());
    State found = StateOf(*store);
    REQUIRE(expected.Allows(found, power));
    expected.Restart(std::move(found));
    if (crash == kCrashesOfADisk) break;
    if (fails) disk.FailOneIn(random() % 2 ? 10 + random() % 100 : 0, 3 + random() % 20);
    if (random() % 8 != 0) disk.DieAt(1 + random() % (random() % 4 == 0 ? 12 : 200));
    Live(*store, disk, random, &expected);
    disk.FailOneIn(0, 0);
    store.reset();
    power = random() % 4 != 0;
    power ? disk.LosePower() : disk.Kill();
  }
  return kCrashesOfADisk;
}

}  // namespace

TEST_CASE("after each of 10,000 crashes the store holds what was promised, and no batch in part") {
  const char* first = std::getenv("PUMASI_FIRST_SEED");
  const uint64_t from = first == nullptr ? 1 : std::strtoull(first, nullptr, 10);
  int crashes = 0;
  for (uint64_t seed = from; seed < from + kDisks; ++seed) crashes += RunDisk(seed);
  CHECK(crashes == 10000);
}

}  // namespace pumasi
