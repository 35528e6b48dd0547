#include "tests/simulation/disk/sim_files.h"

#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace pumasi::sim {
namespace {

absl::Status Put(SimFiles& disk, const std::string& path, const std::string& contents, bool sync) {
  auto file = disk.Create(path);
  if (!file.ok()) return file.status();
  if (absl::Status status = (*file)->Write(contents); !status.ok()) return status;
  if (sync) {
    if (absl::Status status = (*file)->Sync(); !status.ok()) return status;
  }
  return (*file)->Close();
}

std::string Get(SimFiles& disk, const std::string& path) {
  auto contents = ReadFile(disk, path, 1 << 20);
  return contents.ok() ? *contents : contents.status().ToString();
}

// Runs `story` on disks of many seeds, crashes each, and returns all that `look` saw.
template <typename Story, typename Look>
std::set<std::string> AfterCrashes(const Story& story, const Look& look) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SimFiles disk{Random(seed)};
    story(disk);
    disk.Crash();
    seen.insert(look(disk));
  }
  return seen;
}

TEST_CASE("files are written, read, mapped, renamed, linked, listed and removed as on a real disk") {
  SimFiles disk{Random(1)};
  REQUIRE(disk.MakeFolder("/a/b").ok());
  REQUIRE(WriteFileDurably(disk, "/a/b/x", "one").ok());
  CHECK(Get(disk, "/a/b/x") == "one");
  CHECK(*disk.List("/a/b") == std::vector<std::string>{"x"});
  REQUIRE(disk.Link("/a/b/x", "/a/y").ok());
  CHECK(absl::IsAlreadyExists(disk.Link("/a/b/x", "/a/y")));
  REQUIRE(disk.Remove("/a/b/x").ok());
  CHECK(Get(disk, "/a/y") == "one");
  auto mapped = disk.OpenMapped("/a/y");
  REQUIRE(mapped.ok());
  CHECK(std::string((*mapped)->data(), (*mapped)->size()) == "one");
  CHECK(absl::IsNotFound(disk.Open("/a/b/x").status()));
  CHECK(absl::IsNotFound(disk.Create("/nowhere/x").status()));
  CHECK(disk.Open("/a").status().code() != absl::StatusCode::kOk);
  CHECK(absl::IsAlreadyExists(disk.Create("/a/y", {.mode = 0644, .exclusive = true}).status()));
  REQUIRE(disk.MakeFolder("/c").ok());
  REQUIRE(Put(disk, "/c/z", "two", false).ok());
  REQUIRE(disk.Exchange("/a", "/c").ok());
  CHECK(Get(disk, "/a/z") == "two");
  CHECK(Get(disk, "/c/y") == "one");
  CHECK_FALSE(disk.Rename("/a", "/c").ok());  // not empty
  CHECK_FALSE(disk.Rename("/c", "/c/b/c").ok());
  REQUIRE(disk.RemoveFolder("/c").ok());
  REQUIRE(disk.RemoveFolder("/c").ok());
  CHECK_FALSE(*disk.Exists("/c"));
  REQUIRE(disk.Rename("/a", "/c").ok());
  CHECK(*disk.List("/") == std::vector<std::string>{"c"});
}

TEST_CASE("what was synced is there after a crash, of the rest anything may be") {
  const std::string old(700, 'a'), added(1500, 'b');
  const auto seen = AfterCrashes(
      [&](SimFiles& disk) {
        REQUIRE(Put(disk, "/x", old, true).ok());
        REQUIRE(disk.SyncFolder("/").ok());
        auto file = disk.Create("/y");
        REQUIRE((*file)->Write(old).ok());
        REQUIRE((*file)->Sync().ok());
        REQUIRE(disk.SyncFolder("/").ok());
        REQUIRE((*file)->Write(added).ok());
      },
      [&](SimFiles& disk) {
        CHECK(Get(disk, "/x") == old);
        const std::string contents = Get(disk, "/y");
        return contents.substr(0, 700) == old ? contents : "torn at its beginning";
      });
  CHECK(seen.count(old) == 1);
  CHECK(seen.count(old + added) == 1);
  // Sectors that are missing, sizes in between.
  CHECK(seen.size() > 20);
  CHECK(seen.count("torn at its beginning") == 0);
}

TEST_CASE("names that were not synced are lost from the latest on") {
  const auto seen = AfterCrashes(
      [&](SimFiles& disk) {
        for (const std::string name : {"/a", "/b", "/c"}) REQUIRE(Put(disk, name, "1", true).ok());
        REQUIRE(disk.Rename("/a", "/d").ok());
      },
      [&](SimFiles& disk) {
        std::string all;
        const auto names = disk.List("/");
        for (const std::string& name : *names) all += name;
        return all;
      });
  CHECK(seen == std::set<std::string>{"", "a", "ab", "abc", "bcd"});
}

TEST_CASE(
    "a durably written file is the old or the new one after a crash at any step, and the new one once it is done") {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    for (uint64_t step = 0; step < 7; ++step) {
      CAPTURE(seed, step);
      SimFiles disk{Random(seed)};
      REQUIRE(WriteFileDurably(disk, "/x", std::string(1000, 'o')).ok());
      disk.StopAfter(step);
      const bool ok = WriteFileDurably(disk, "/x", std::string(2000, 'n')).ok();
      CHECK(ok == (step > 4));
      disk.Crash();
      const std::string contents = Get(disk, "/x");
      seen.insert(contents);
      if (ok) CHECK(contents == std::string(2000, 'n'));
    }
  }
  CHECK(seen == std::set<std::string>{std::string(1000, 'o'), std::string(2000, 'n')});
}

TEST_CASE("after a failed sync the data is seen, later syncs succeed, and a crash loses it") {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    SimFiles disk{Random(seed)};
    REQUIRE(Put(disk, "/x", "", true).ok());
    REQUIRE(disk.SyncFolder("/").ok());
    auto file = disk.Create("/x");
    REQUIRE((*file)->Write(std::string(600, 'n')).ok());
    disk.faults.fail_sync = 1;
    CHECK_FALSE((*file)->Sync().ok());
    disk.faults.fail_sync = 0;
    CHECK((*file)->Sync().ok());
    CHECK(Get(disk, "/x") == std::string(600, 'n'));
    disk.Crash();
    seen.insert(Get(disk, "/x"));
  }
  CHECK(seen.size() > 2);
}

TEST_CASE("a folder that could not be made durably is not left behind, and the next call makes it") {
  for (uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    SimFiles disk{Random(seed)};
    disk.faults.fail_sync = 1;
    CHECK_FALSE(disk.MakeFolder("/a/b").ok());
    CHECK_FALSE(*disk.Exists("/a"));
    disk.faults.fail_sync = 0;
    REQUIRE(disk.MakeFolder("/a/b").ok());
    disk.Crash();
    CHECK(*disk.Exists("/a/b"));
  }
}

TEST_CASE("a full disk takes what fits, and more once something is removed") {
  SimFiles disk{Random(1)};
  disk.faults.capacity = 1000;
  REQUIRE(Put(disk, "/x", std::string(600, 'x'), true).ok());
  REQUIRE(disk.Link("/x", "/same").ok());
  CHECK(absl::IsResourceExhausted(Put(disk, "/y", std::string(500, 'y'), true)));
  CHECK(Get(disk, "/y") == std::string(400, 'y'));
  REQUIRE(disk.Remove("/x").ok());
  CHECK(absl::IsResourceExhausted(Put(disk, "/y", std::string(500, 'y'), true)));
  REQUIRE(disk.Remove("/same").ok());
  CHECK(Put(disk, "/y", std::string(500, 'y'), true).ok());
}

TEST_CASE("reads fail or have one flipped bit when they shall; a bit flipped on the disk stays") {
  SimFiles disk{Random(1)};
  REQUIRE(Put(disk, "/x", "abc", true).ok());
  disk.faults.fail_read = 1;
  CHECK_FALSE(disk.Open("/x").ok());
  disk.faults = {};
  disk.faults.flip_read = 1;
  CHECK(Get(disk, "/x") != "abc");
  disk.faults = {};
  CHECK(Get(disk, "/x") == "abc");
  disk.FlipBit("/x", 9);
  CHECK(Get(disk, "/x") == "a`c");
}

TEST_CASE("the same seed and calls leave the same disk; what was open before a crash is of no use after it") {
  const auto run = [](uint64_t seed) {
    SimFiles disk{Random(seed)};
    auto file = disk.Create("/x");
    REQUIRE((*file)->Write(std::string(5000, 'x')).ok());
    REQUIRE(disk.SyncFolder("/").ok());
    disk.Crash();
    CHECK(absl::IsUnavailable((*file)->Write("y")));
    return Get(disk, "/x");
  };
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const std::string once = run(seed);
    CHECK(run(seed) == once);
    seen.insert(once);
  }
  CHECK(seen.size() > 5);
}

}  // namespace
}  // namespace pumasi::sim
