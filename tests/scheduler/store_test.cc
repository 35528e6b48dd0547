// What holds for every store; and what SqliteStore does with a database that is not as it should be.
#include <sys/mount.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "scheduler/memory_store.h"
#include "scheduler/sqlite_store.h"
#include "tests/common/temp_folder.h"
#include "tests/scheduler/crash_disk.h"

namespace pumasi {
namespace {

using Catch::Matchers::Contains;

constexpr Durability kOrdered = Durability::kOrdered, kSynced = Durability::kSynced;

absl::StatusOr<std::unique_ptr<SqliteStore>> TryOpen(const std::string& path, const char* vfs = "",
                                                     uint64_t max_bytes = 1 << 30) {
  SqliteStore::Options options;
  options.path = path;
  options.vfs = vfs;
  options.max_bytes = max_bytes;
  options.max_log_bytes = 256 << 10;
  options.busy_milliseconds = 50;
  return SqliteStore::Open(options);
}

std::unique_ptr<SqliteStore> Opened(const std::string& path, const char* vfs = "", uint64_t max_bytes = 1 << 30) {
  auto store = TryOpen(path, vfs, max_bytes);
  INFO(store.status().ToString());
  REQUIRE(store.ok());
  return *std::move(store);
}

// "key=value key=value".
std::string Listed(Store& store, absl::string_view prefix) {
  auto entries = store.List(prefix);
  if (!entries.ok()) return entries.status().ToString();
  std::string text;
  for (const StoreEntry& entry : *entries) text += (text.empty() ? "" : " ") + entry.key + "=" + entry.value;
  return text;
}

StoreBatch Put(const std::string& key, const std::string& value) {
  StoreBatch batch;
  batch.Put(key, value);
  return batch;
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

struct Scenario {
  const char* name;
  std::function<void(Store&)> run;
};

const Scenario kScenarios[] = {
    {"a new store is empty", [](Store& store) { CHECK(Listed(store, "") == ""); }},
    {"a batch of nothing is made with either durability",
     [](Store& store) {
       CHECK(store.Commit(StoreBatch(), kOrdered).ok());
       CHECK(store.Commit(StoreBatch(), kSynced).ok());
     }},
    {"entries come back in the order of their keys' bytes",
     [](Store& store) {
       StoreBatch batch;
       batch.Put("b", "2");
       batch.Put("a\xff", "4");
       batch.Put("a", "1");
       batch.Put("a/", "3");
       REQUIRE(store.Commit(batch, kOrdered).ok());
       CHECK(Listed(store, "") == "a=1 a/=3 a\xff=4 b=2");
     }},
    {"a prefix finds the keys that start with it, and no others",
     [](Store& store) {
       StoreBatch batch;
       for (const char* key : {"job", "job/1", "job/12", "job/2", "job0", "jo", "\xff", "\xff\xff", "\xff\xff z"})
         batch.Put(key, "v");
       REQUIRE(store.Commit(batch, kSynced).ok());
       CHECK(Listed(store, "job/1") == "job/1=v job/12=v");
       CHECK(Listed(store, "job/") == "job/1=v job/12=v job/2=v");
       CHECK(Listed(store, "\xff\xff") == "\xff\xff=v \xff\xff z=v");
       CHECK(Listed(store, "k") == "");
     }},
    {"the last change of a key in a batch counts, and a removed key is gone",
     [](Store& store) {
       StoreBatch batch = Put("a", "1");
       batch.Put("a", "2");
       batch.Put("b", "1");
       batch.Delete("b");
       batch.Delete("never there");
       REQUIRE(store.Commit(batch, kOrdered).ok());
       CHECK(Listed(store, "") == "a=2");
       StoreBatch remove;
       remove.Delete("a");
       REQUIRE(store.Commit(remove, kOrdered).ok());
       CHECK(Listed(store, "") == "");
     }},
    {"keys and values are any bytes, values also none",
     [](Store& store) {
       const std::string key("k\0\n'\"", 5), value("\0\x80\xff", 3);
       StoreBatch batch = Put(key, value);
       batch.Put("nothing", "");
       REQUIRE(store.Commit(batch, kOrdered).ok());
       auto entries = store.List("");
       REQUIRE(entries.ok());
       REQUIRE(entries->size() == 2);
       CHECK((*entries)[0].key == key);
       CHECK((*entries)[0].value == value);
       CHECK((*entries)[1].value.empty());
     }},
    {"keys that are empty or too long are refused, and nothing of their batch is made",
     [](Store& store) {
       StoreBatch batch = Put("good", "1");
       batch.Put("", "1");
       CHECK(absl::IsInvalidArgument(store.Commit(batch, kSynced)));
       batch = Put("good", "1");
       batch.Put(std::string(Store::kMaxKeyBytes + 1, 'k'), "1");
       CHECK(absl::IsInvalidArgument(store.Commit(batch, kSynced)));
       CHECK(Listed(store, "") == "");
       CHECK(store.Commit(Put(std::string(Store::kMaxKeyBytes, 'k'), "1"), kSynced).ok());
     }},
    {"a value of many megabytes comes back as it was, and can shrink",
     [](Store& store) {
       std::string value(5 << 20, '\0');
       for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>(i * 2654435761u >> 24);
       REQUIRE(store.Commit(Put("large", value), kOrdered).ok());
       auto entries = store.List("large");
       REQUIRE(entries.ok());
       CHECK(entries->at(0).value == value);
       REQUIRE(store.Commit(Put("large", "small"), kOrdered).ok());
       CHECK(Listed(store, "") == "large=small");
     }},
};

}  // namespace

TEST_CASE("what holds for every store") {
  for (const Scenario& scenario : kScenarios) {
    INFO(scenario.name);
    MemoryStore memory;
    scenario.run(memory);
    TempFolder folder;
    auto sqlite = Opened(folder / "store.db");
    scenario.run(*sqlite);
    // What a store shows, it still shows when it is opened again.
    const std::string before = Listed(*sqlite, "");
    sqlite.reset();
    CHECK(Listed(*Opened(folder / "store.db"), "") == before);
  }
}

TEST_CASE("a value of more than 512 MiB is refused") {
  std::string value;
  value.resize(Store::kMaxValueBytes + 1);
  const absl::Status status = CheckStoreBatch(Put("large", std::move(value)));
  CHECK(absl::IsInvalidArgument(status));
  CHECK_THAT(std::string(status.message()), Contains("large") && Contains("536870912"));
}

TEST_CASE("a second scheduler on the same database is refused, and told why") {
  TempFolder folder;
  auto first = Opened(folder / "store.db");
  REQUIRE(first->Commit(Put("a", "1"), kSynced).ok());
  auto second = TryOpen(folder / "store.db");
  CHECK(absl::IsFailedPrecondition(second.status()));
  CHECK_THAT(std::string(second.status().message()), Contains("store.db") && Contains("another scheduler"));
  CHECK(first->Commit(Put("b", "2"), kSynced).ok());
  first.reset();
  CHECK(Listed(*Opened(folder / "store.db"), "") == "a=1 b=2");
}

TEST_CASE("what is no database of ours is refused, and the message names the file") {
  TempFolder folder;
  const std::string path = folder / "store.db";
  const auto refusal = [&] {
    auto store = TryOpen(path);
    REQUIRE(!store.ok());
    CHECK_THAT(std::string(store.status().message()), Contains(path));
    return store.status();
  };
  SECTION("text") {
    WriteBytes(path, std::string(5000, 'x'));
    CHECK(absl::IsDataLoss(refusal()));
  }
  SECTION("another program's") {
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "CREATE TABLE t (a)", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    CHECK_THAT(std::string(refusal().message()), Contains("another program"));
  }
  SECTION("of a newer version") {
    Opened(path).reset();
    sqlite3* other = nullptr;
    REQUIRE(sqlite3_open(path.c_str(), &other) == SQLITE_OK);
    REQUIRE(sqlite3_exec(other, "PRAGMA user_version=7", nullptr, nullptr, nullptr) == SQLITE_OK);
    sqlite3_close(other);
    CHECK_THAT(std::string(refusal().message()), Contains("version 7"));
  }
  SECTION("cut short") {
    auto store = Opened(path);
    for (int i = 0; i < 100; ++i) REQUIRE(store->Commit(Put(std::to_string(i), std::string(3000, 'v')), kOrdered).ok());
    store.reset();
    REQUIRE(truncate(path.c_str(), 100 << 10) == 0);
    CHECK(absl::IsDataLoss(refusal()));
  }
  SECTION("its folder is not there") { CHECK(!TryOpen(folder / "no/store.db").ok()); }
  SECTION("no path at all") {
    CHECK(absl::IsInvalidArgument(TryOpen("").status()));
    CHECK(absl::IsInvalidArgument(TryOpen(":memory:").status()));
  }
}

TEST_CASE("a flipped bit in a stored value is noticed") {
  CrashDisk disk(1);
  auto store = Opened("/store.db", disk.vfs());
  REQUIRE(store->Commit(Put("key", std::string(30000, 'v')), kSynced).ok());
  store.reset();
  disk.FlipBit("/store.db", disk.size("/store.db") - 2 * 4096);  // in the middle of the value
  auto again = TryOpen("/store.db", disk.vfs());
  const absl::Status status = again.ok() ? (*again)->List("").status() : again.status();
  CHECK(absl::IsDataLoss(status));
  CHECK_THAT(std::string(status.message()), Contains("/store.db"));
}

TEST_CASE("a database that has its size refuses commits, and takes them again once there is room") {
  TempFolder folder;
  auto store = Opened(folder / "store.db", "", 1 << 20);
  absl::Status status;
  int made = 0;
  while (made < 1000 && (status = store->Commit(Put(std::to_string(made), std::string(20000, 'v')), kOrdered)).ok())
    ++made;
  CHECK(absl::IsResourceExhausted(status));
  CHECK_THAT(std::string(status.message()), Contains("store.db"));
  CHECK(made > 20);
  CHECK(made < 60);
  StoreBatch remove;
  remove.Delete("0");
  REQUIRE(store->Commit(remove, kSynced).ok());
  REQUIRE(store->Commit(Put("new", std::string(10000, 'v')), kSynced).ok());
  CHECK(store->List("")->size() == static_cast<size_t>(made));
}

TEST_CASE("after a disk that was full, or failed to sync, the same batch can be committed") {
  CrashDisk disk(1);
  auto store = Opened("/store.db", disk.vfs());
  REQUIRE(store->Commit(Put("a", "1"), kOrdered).ok());
  const StoreBatch batch = Put("b", std::string(50000, 'v'));
  absl::StatusCode code{};
  SECTION("full") {
    disk.Fill(true);
    code = store->Commit(batch, kSynced).code();
    CHECK(code == absl::StatusCode::kResourceExhausted);
  }
  SECTION("no sync") {
    disk.FailSyncs(true);
    code = store->Commit(batch, kSynced).code();
    CHECK(code == absl::StatusCode::kUnavailable);
  }
  CHECK(Listed(*store, "") == "a=1");
  CHECK(!store->Commit(batch, kSynced).ok());
  disk.Fill(false);
  disk.FailSyncs(false);
  CHECK(store->Commit(batch, kSynced).ok());
  store.reset();
  disk.LosePower();
  CHECK(Opened("/store.db", disk.vfs())->List("")->size() == 2);
}

TEST_CASE("the log stays short, and becomes short again after a large commit") {
  CrashDisk disk(1);
  auto store = Opened("/store.db", disk.vfs());
  for (int i = 0; i < 2000; ++i) REQUIRE(store->Commit(Put("key", std::string(5000, 'v')), kOrdered).ok());
  CHECK(disk.largest("/store.db-wal") < 400 << 10);
  REQUIRE(store->Commit(Put("large", std::string(4 << 20, 'v')), kOrdered).ok());
  CHECK(disk.size("/store.db-wal") > 4 << 20);
  REQUIRE(store->Commit(Put("key", "1"), kOrdered).ok());
  CHECK(disk.size("/store.db-wal") < 400 << 10);
}

TEST_CASE("a real disk that is full refuses commits, and takes them once there is room") {
  TempFolder folder;
  const std::string small = folder / "small";
  std::filesystem::create_directory(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m") != 0) {
    std::printf("skipped: a small tmpfs cannot be mounted here; the full disk is tested in memory only\n");
    return;
  }
  struct Mounted {
    const std::string& folder;
    ~Mounted() { umount(folder.c_str()); }
  } mounted{small};
  {
    WriteBytes(small + "/ballast", std::string(400 << 10, 'b'));
    auto store = Opened(small + "/store.db");
    REQUIRE(store->Commit(Put("a", "1"), kSynced).ok());
    const StoreBatch batch = Put("b", std::string(600 << 10, 'v'));
    CHECK(absl::IsResourceExhausted(store->Commit(batch, kSynced)));
    CHECK(Listed(*store, "") == "a=1");
    std::filesystem::remove(small + "/ballast");
    CHECK(store->Commit(Put("b", std::string(200 << 10, 'v')), kSynced).ok());
    CHECK(store->List("")->size() == 2);
  }
}

}  // namespace pumasi
