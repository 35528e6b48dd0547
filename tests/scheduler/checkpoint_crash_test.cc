// Checkpoints on a disk that loses power, fails to sync or is full, at every operation.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

#include "common/planted_bug.h"
#include "tests/scheduler/checkpoint_scene.h"
#include "tests/simulation/disk/sim_files.h"

namespace pumasi {
namespace {

constexpr int kCrashes = 10'000;
const CheckpointScene kScene;

// A disk with the checkpoints of versions 10, whole, and 20, changes; and what the next may be.
struct Scene {
  explicit Scene(uint64_t seed) : random(seed), disk(random.Stream("disk")) {
    disk.faults.no_exchange = random.Below(4) == 0;
    disk.faults.no_links = random.Below(4) == 0;
    keep = 1 + static_cast<uint32_t>(random.Below(2));
    whole = random.Below(3) == 0;
    REQUIRE(disk.MakeFolder("/out").ok());
    REQUIRE(disk.SyncFolder("/").ok());
    REQUIRE(kScene.Complete(disk, "/out", 10, 0, 2).ok());
    REQUIRE(kScene.Complete(disk, "/out", 20, 10, 2).ok());
  }

  absl::Status Next() { return kScene.Complete(disk, "/out", 30, whole ? 0 : 20, keep); }
  bool Is(uint64_t version) {
    return CheckpointScene::Check(disk, "/out/" + CheckpointScene::Name(version), version).ok();
  }
  bool There(uint64_t version) { return *disk.Exists("/out/" + CheckpointScene::Name(version)); }

  // Whatever has a checkpoint's name is one, and the old or the new one can be used.
  void Check(bool reported) {
    for (const uint64_t version : {10, 20, 30}) {
      CAPTURE(version);
      CHECK(Is(version) == There(version));
    }
    if (reported) {
      CHECK(There(30));
      CHECK((There(20) || keep == 1));
    } else {
      CHECK((There(20) || There(30)));
    }
  }

  sim::Random random;
  sim::SimFiles disk;
  uint32_t keep = 1;
  bool whole = false;
};

TEST_CASE("A crash at any operation leaves the old or the new checkpoint whole, and nothing half made under a name") {
  int crashes = 0, reported = 0, kept_new = 0;
  for (uint64_t seed = 0; crashes < kCrashes; ++seed) {
    for (uint64_t step = 0;; ++step, ++crashes) {
      Scene scene(seed * 1000 + step);
      CAPTURE(seed, step, scene.keep, scene.whole);
      scene.disk.StopAfter(step);
      const bool ok = scene.Next().ok();
      const bool done = !scene.disk.stopped();
      scene.disk.Crash();
      scene.Check(ok);
      reported += ok;
      kept_new += scene.There(30);
      if (done) break;
      // What is there can be gone on from, and the litter of the crash is no hindrance. Some of them: it takes time.
      if (step % 8 != seed % 8) continue;
      const uint64_t base = scene.There(30) ? 30 : 20;
      REQUIRE(kScene.Complete(scene.disk, "/out", 40, base, 1).ok());
      CHECK(scene.Is(40));
      CHECK(scene.disk.List("/out")->size() == 1);
    }
  }
  // Crashes before the last step, after it, and in between.
  CHECK(reported > 0);
  CHECK(reported < kept_new);
  CHECK(kept_new < crashes);
}

TEST_CASE("A scheduler that comes back completes what it had begun, or fails and leaves the old one") {
  int completed = 0, failed = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    for (uint64_t step = 0;; ++step) {
      Scene scene(seed * 1000 + step);
      CAPTURE(seed, step, scene.keep, scene.whole);
      // All servers have reported; the scheduler has noted it, and dies.
      const auto checkpoint = kScene.Write(scene.disk, "/out", 30, scene.whole ? 0 : 20, scene.keep);
      REQUIRE(checkpoint.ok());
      scene.disk.StopAfter(step);
      const bool first = CompleteCheckpoint(scene.disk, "/out", *checkpoint, kScene.assets).ok();
      const bool done = !scene.disk.stopped();
      // With or without the whole machine.
      if (scene.random.Below(2) == 0) {
        scene.disk.Crash();
      } else {
        scene.disk.StopAfter(~uint64_t{0} >> 1);
      }
      const bool second = CompleteCheckpoint(scene.disk, "/out", *checkpoint, kScene.assets).ok();
      CHECK((second || !first));
      scene.disk.Crash();
      scene.Check(second);
      ++(second ? completed : failed);
      if (done) break;
    }
  }
  CHECK(completed > 100);
  CHECK(failed > 10);
}

TEST_CASE("What could not be synced is never reported to be there") {
  int reported = 0, failed = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Scene scene(seed);
    CAPTURE(seed, scene.keep, scene.whole);
    scene.disk.faults.fail_sync = 0.01 * static_cast<double>(1 + scene.random.Below(20));
    const bool ok = scene.Next().ok();
    scene.disk.faults.fail_sync = 0;
    scene.disk.Crash();
    scene.Check(ok);
    ++(ok ? reported : failed);
  }
  CHECK(reported > 100);
  CHECK(failed > 100);
}

TEST_CASE("What is reported stays, also where the job's folder could not be made durably at first") {
  int made_again = 0;
  for (uint64_t seed = 0; seed < 500; ++seed) {
    CAPTURE(seed);
    sim::Random random(seed);
    sim::SimFiles disk(random.Stream("disk"));
    REQUIRE(disk.MakeFolder("/out").ok());
    disk.faults.fail_sync = 0.3;
    bool made = false;
    // As a job does: what failed is given up, and the next version tries.
    uint64_t version = 10;
    for (; version < 100 && !made; version += 10) {
      made = kScene.Complete(disk, "/out/job", version, 0, 1).ok();
      disk.faults.fail_sync = 0;
    }
    REQUIRE(made);
    made_again += version > 20;
    disk.Crash();
    CHECK(CheckpointScene::Check(disk, "/out/job/" + CheckpointScene::Name(version - 10), version - 10).ok());
  }
  CHECK(made_again > 100);
}

TEST_CASE("A full disk leaves the old checkpoint as it was") {
  int reported = 0;
  for (uint64_t space = 0; space < 4000; space += 7) {
    Scene scene(space);
    CAPTURE(space, scene.keep, scene.whole);
    uint64_t used = 0;
    for (const uint64_t version : {10, 20}) {
      const std::string folder = "/out/" + CheckpointScene::Name(version);
      const auto names = scene.disk.List(folder);
      for (const std::string& name : *names) used += (*scene.disk.Open(folder + "/" + name))->size();
    }
    // Of two names of a file one counts; here both do, so that there may be more space than is said.
    scene.disk.faults.capacity = used + space;
    const absl::Status status = scene.Next();
    if (!status.ok()) CHECK(absl::IsResourceExhausted(status));
    scene.Check(status.ok());
    CHECK(status.ok() == scene.There(30));
    reported += status.ok();
  }
  CHECK(reported > 0);
  CHECK(reported < 500);
}

TEST_CASE("Without syncs crashes do harm: the simulated disk would show it") {
  ScopedPlantedBug planted(PlantedBug::kSkipSync);
  int harmed = 0;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    Scene scene(seed);
    const bool ok = scene.Next().ok();
    scene.disk.Crash();
    harmed += ok && !scene.Is(30);
  }
  CHECK(harmed > 10);
}

}  // namespace
}  // namespace pumasi
