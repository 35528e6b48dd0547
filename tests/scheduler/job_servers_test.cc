// Stories of servers that die, come and are drained while a job trains.
#include <catch2/catch.hpp>
#include <string>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

JobRun::Spec Replicated(uint32_t servers) {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_servers(servers);
  spec.request.mutable_job()->set_replicas(2);
  return spec;
}

constexpr char kThree[] = R"(
  server s1
  server s2
  server s3
  worker w1    => PREPARING
  w1 prepared  => upload, PREPARING
  assets       => ALLOCATING
  s1 ready
  s2 ready
  s3 ready     => TRAINING
  s1 slots     => primary 0 3 6; backup 2 4, TRAINING
  s2 slots     => primary 1 4 7; backup 3 5, TRAINING
  s3 slots     => primary 2 5; backup 0 1 6 7, TRAINING
)";

TEST_CASE("A server dies: second copies take over at once, are copied again, and nobody's unit is lost") {
  JobStory story(Replicated(3));
  story.Play(kThree);
  story.Play(R"(
    w1 asks 1    => train 0.0[0-1] at 0, TRAINING
    s1 dies      => TRAINING
    s2 slots     => primary 1 3 4 7; backup 5; prefetch 0 2 6, TRAINING
    s3 slots     => primary 0 2 5 6; backup 1 7; prefetch 3 4, TRAINING
    w1 done      => TRAINING
    s2 prefetched
    s2 slots     => primary 1 3 4 7; backup 5; prefetch 0 2 6, TRAINING
    s3 prefetched
    s2 slots     => primary 1 3 4 7; backup 5; filling 0 2 6, TRAINING
    s3 slots     => primary 0 2 5 6; backup 1 7; filling 3 4, TRAINING
    s2 filled
    s2 slots     => primary 1 3 4 7; backup 5; filling 0 2 6, TRAINING
    s3 filled
    s2 slots     => primary 1 3 4 7; backup 0 2 5 6, TRAINING
    s3 slots     => primary 0 2 5 6; backup 1 3 4 7, TRAINING
    w1 asks 1    => train 0.1[0-1] at 1, TRAINING
  )");
  CHECK(story.Status().slots_without_backup() == 0);
  CHECK(story.Status().generation() == 0);
  CHECK(story.Status().layout_epoch() == 4);
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(story.Status().warnings(0).find("server s1 at s1:7 died (its connection broke") == 0);
}

TEST_CASE("A second server dies while slots fill: those that are whole take over, others would be lost") {
  JobStory story(Replicated(3));
  story.Play(kThree);
  story.Play(R"(
    s1 dies
    s2 prefetched
    s3 prefetched
  )");
  SECTION("whole") {
    story.Play(R"(
      s2 filled
      s3 dies    => TRAINING
      s2 slots   => primary 0 1 2 3 4 5 6 7, TRAINING
    )");
  }
  SECTION("not whole") {
    story.Play(R"(
      s3 filled
      s3 dies    => RECOVERING: server s3 at s3:7 died (its connection broke, silent for 0.5 s) and 3 of 8 slots had no copy elsewhere; waits for servers: 1 of 3 are there
    )");
  }
}

TEST_CASE("A copy that fails, or takes too long, is given up, and its server is left alone for a while") {
  JobStory story(Replicated(2));
  story.Play(R"(
    server s1
    server s2
    worker w1    => PREPARING
    w1 prepared
    assets
    s1 ready
    s2 ready     => TRAINING
    server s3    => TRAINING
    s3 slots     => prefetch 0 1 2 3 4, TRAINING
    s3 failed    => TRAINING
    s3 slots     => none, TRAINING
    61 pass
  )");
  story.job().Tick(story.now());
  // The stall time has passed, too.
  CHECK(story.Status().state() == v1::FAILED);
}

// Of two copies, on two servers; a third one comes, and is to hold some.
constexpr char kThirdFills[] = R"(
    server s1
    server s2
    worker w1    => PREPARING
    w1 prepared
    assets
    s1 ready
    s2 ready     => TRAINING
    server s3
    s3 prefetched
    s3 slots     => filling 0 1 2 3 4, TRAINING
  )";

TEST_CASE("Slots that fill make pulls wait: they are given up when nothing of them came for ten seconds",
          "[deadline]") {
  JobStory story(Replicated(2));
  story.Play(kThirdFills);
  story.Play(R"(
    9 pass
    s3 slots     => filling 0 1 2 3 4, TRAINING
    1 pass
    s3 slots     => none, TRAINING
  )");
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(story.Status().warnings(0) == "server s3 could not copy slot 0: nothing of it came for 10s");
}

TEST_CASE("Slots may fill for as long as bytes of them come, even beyond stall_timeout", "[deadline]") {
  JobStory story(Replicated(2));
  story.Play(kThirdFills);
  for (int copied = 1; copied <= 10; ++copied) {
    story.Play("s3 copied " + std::to_string(copied << 20) + "\n9 pass\ns3 slots => filling 0 1 2 3 4, TRAINING");
  }
  SECTION("they become whole") { story.Play("s3 filled\ns1 slots => primary 1 6; backup 3 5 7, TRAINING"); }
  SECTION("the same number again says nothing") {
    story.Play(R"(
      s3 copied 10485760
      1 pass
      s3 slots   => none, TRAINING
    )");
    CHECK(story.Status().warnings(0) == "server s3 could not copy slot 0: nothing of it came for 10s");
  }
}

TEST_CASE("A server that comes gets its share; one that is drained loses all, and is told to leave") {
  JobRun::Spec spec = SmallJobSpec();
  JobStory story(spec);
  story.Play(kTraining);
  story.Play(R"(
    server s2
    s2 slots      => prefetch 0 1 2 3, TRAINING
    s2 prefetched
    s2 slots      => filling 0 1 2 3, TRAINING
    s1 slots      => primary 0 1 2 3 4 5 6 7, TRAINING
    s2 filled
    s2 slots      => primary 0 1 2 3, TRAINING
    s1 slots      => primary 4 5 6 7, TRAINING
    drain s1      => TRAINING
    s2 slots      => primary 0 1 2 3; prefetch 4 5 6 7, TRAINING
    s2 prefetched
  )");
  CHECK_FALSE(story.cluster().Nodes(story.now())[0].drained());
  story.Play(R"(
    s2 filled
    s2 slots      => primary 0 1 2 3 4 5 6 7, TRAINING
    s1 slots      => none, TRAINING
  )");
  CHECK(story.cluster().Nodes(story.now())[0].drained());
  CHECK(story.AssignmentFor("s1").job_id().empty());
  story.Play(R"(
    s1 leaves     => TRAINING
    undrain s1    => TRAINING
  )");
}

TEST_CASE("While the model is written slots stay where they are; where a server dies it is written again") {
  JobRun::Spec spec = Replicated(2);
  JobStory story(spec);
  story.Play(R"(
    server s1
    server s2
    worker w1    => PREPARING
    w1 prepared
    assets
    s1 ready
    s2 ready     => TRAINING
  )");
  story.Play(kSaving);
  story.Play(R"(
    server s3
    s3 slots       => none, SAVING
    s1 saved model => SAVING
    s2 dies        => SAVING
    completed      => nothing, SAVING
    s1 saved model => SAVING
    completed      => model, DONE
  )");
  CHECK(story.last_checkpoint.manifest.shards_size() == 1);
}

TEST_CASE(
    "Slots that change hands while a checkpoint's cut goes through the servers leave it incomplete: it is given up") {
  JobStory story;
  story.Play(kTraining);
  story.Play(R"(
    server s2
    s2 prefetched
    w1 asks 1
    w1 done
  )");
  // s1 wrote what it had before s2 took over, s2 what it had afterwards.
  v1::ReportShardSavedRequest before;
  before.set_incarnation(story.node("s1").incarnation());
  before.set_layout_epoch(story.job().layout().epoch());
  before.set_version(1);
  before.set_folder(CheckpointFolderInTheMaking(1, 0));
  before.set_file("a");
  story.Play("s2 filled");
  v1::ReportShardSavedRequest after = before;
  after.set_incarnation(story.node("s2").incarnation());
  after.set_layout_epoch(story.job().layout().epoch());
  REQUIRE(story.job().ShardSaved(after, story.now()).ok());
  story.Play("completed => nothing, TRAINING");
  REQUIRE(story.job().ShardSaved(before, story.now()).ok());
  story.Play("completed => nothing, TRAINING");
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(story.Status().warnings(0) == "checkpoint at batch 1 was given up: slots changed hands while servers wrote it");
}

TEST_CASE("More copies than servers: a warning, and copies once there are enough") {
  JobRun::Spec spec = Replicated(1);
  JobStory story(spec);
  story.Play(kTraining);
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(story.Status().warnings(0) ==
        "replicas: 2 needs as many servers; there are 1: until others come, a server's death takes the job back to its "
        "last checkpoint");
  CHECK(story.Status().slots_without_backup() == 8);
  story.Play(R"(
    server s2
    s2 slots => prefetch 0 1 2 3 4 5 6 7, TRAINING
    s2 prefetched
    s2 filled
    s2 slots => primary 0 1 2 3; backup 4 5 6 7, TRAINING
    s1 slots => primary 4 5 6 7; backup 0 1 2 3, TRAINING
  )");
  CHECK(story.Status().slots_without_backup() == 0);
}

TEST_CASE("Draining that leaves too few servers for two copies says so") {
  JobStory story(Replicated(2));
  story.Play(R"(
    server s1
    server s2
    worker w1    => PREPARING
    w1 prepared
    assets
    s1 ready
    s2 ready     => TRAINING
    drain s2     => TRAINING
  )");
  CHECK(story.Status().slots_without_backup() == 8);
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(
      story.Status().warnings(0) ==
      "draining leaves too few servers for replicas: 2: 8 of 8 slots have one copy until another server comes, or the "
      "drain is undone");
}

}  // namespace
}  // namespace pumasi
