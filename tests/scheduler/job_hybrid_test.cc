// Stories of jobs whose rows lie on servers and whose dense tensors lie on every worker (mode: hybrid): 8 slots of
// rows, then 8 of dense chunks.
#include <catch2/catch.hpp>
#include <string>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

JobRun::Spec Hybrid(uint32_t servers, uint32_t workers, uint32_t replicas) {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_servers(servers);
  spec.request.set_workers(workers);
  spec.request.mutable_job()->set_mode(v1::MODE_HYBRID);
  spec.request.mutable_job()->set_replicas(replicas);
  return spec;
}

constexpr char kTwoAndTwo[] = R"(
  server s1    => QUEUED: waits for nodes: 1 of 2 servers and 0 of 2 workers are there
  server s2
  worker w1
  worker w2    => PREPARING
  w1 prepared  => upload, PREPARING
  w2 prepared
  assets       => ALLOCATING
  s1 ready
  s2 ready
  w1 ready     => ALLOCATING
  w2 ready     => TRAINING
  s1 slots     => primary 0 2 4 6; backup 1 3 5 7, TRAINING
  s2 slots     => primary 1 3 5 7; backup 0 2 4 6, TRAINING
  w1 slots     => primary 8 10 12 14; backup 9 11 13 15, TRAINING
  w2 slots     => primary 9 11 13 15; backup 8 10 12 14, TRAINING
)";

constexpr char kOneAndTwo[] = R"(
  server s1
  worker w1
  worker w2    => PREPARING
  w1 prepared
  w2 prepared
  assets       => ALLOCATING
  s1 ready
  w1 ready
  w2 ready     => TRAINING
)";

TEST_CASE("Hybrid: servers hold rows, each worker all dense tensors, and all of them know who takes part") {
  JobStory story(Hybrid(2, 2, 2));
  story.Play(kTwoAndTwo);
  CHECK(story.Status().servers() == 2);
  CHECK(story.Status().workers() == 2);
  CHECK(story.Status().slots_without_backup() == 0);
  CHECK(story.Status().warnings_size() == 0);
  for (const std::string node : {"s1", "w2"}) {
    const v1::Assignment assignment = story.AssignmentFor(node);
    CHECK(assignment.workers_size() == 2);
    CHECK(assignment.output() == "/out/cats");
    CHECK(assignment.layout().servers_size() == 4);
    CHECK(assignment.layout().dense_from() == 8);
  }
  // A server computes nothing.
  CHECK(story.AssignmentFor("s1").sharing_size() == 0);
  CHECK(story.AssignmentFor("w1").sharing_size() == 2);
}

TEST_CASE("Hybrid: a worker dies, and a server: others hold what they held, and one comes for either") {
  JobStory story(Hybrid(2, 2, 2));
  story.Play(kTwoAndTwo);
  story.Play(R"(
    w1 asks 1    => train 0.0[0-0] at 0, TRAINING
    w1 dies      => TRAINING
    w2 slots     => primary 8 9 10 11 12 13 14 15, TRAINING
    s1 slots     => primary 0 2 4 6; backup 1 3 5 7, TRAINING
    w2 asks 2
    s1 dies      => TRAINING
    s2 slots     => primary 0 1 2 3 4 5 6 7, TRAINING
    w2 slots     => primary 8 9 10 11 12 13 14 15, TRAINING
    w2 done      => TRAINING
  )");
  CHECK(story.Status().generation() == 0);
  CHECK(story.Status().progress().version() == 1);
  CHECK(story.Status().slots_without_backup() == 16);
  REQUIRE(story.Status().warnings_size() == 3);
  CHECK(story.Status().warnings(1).find("worker w1 at w1:7 died (its connection broke") == 0);
  CHECK(story.Status().warnings(1).find("; the others hold every dense tensor, too") != std::string::npos);
  CHECK(story.Status().warnings(2).find("server s1 at s1:7 died (its connection broke") == 0);
  CHECK(story.Status().warnings(2).find("; its slots are served from their second copies") != std::string::npos);
  story.Play(R"(
    server s3    => TRAINING
    s3 slots     => prefetch 0 1 2 3 4 5 6 7, TRAINING
    worker w3
    w3 slots     => none, TRAINING
    w3 prepared  => TRAINING
    w3 slots     => prefetch 8 9 10 11 12 13 14 15, TRAINING
    s3 prefetched
    w3 prefetched
    s3 slots     => filling 0 1 2 3 4 5 6 7, TRAINING
    s3 filled
    w3 slots     => filling 8 9 10 11 12 13 14 15, TRAINING
    w3 filled
    s3 slots     => primary 0 1 2 3; backup 4 5 6 7, TRAINING
    w3 slots     => primary 8 9 10 11; backup 12 13 14 15, TRAINING
  )");
  CHECK(story.Status().slots_without_backup() == 0);
}

TEST_CASE("Hybrid: each slot is in one node's file of a checkpoint, rows in servers' and tensors in workers'") {
  JobStory story(Hybrid(1, 2, 1));
  story.Play(kOneAndTwo);
  story.Play(R"(
    w1 asks 2
    w2 asks 2
    w1 done
    w2 done
    s1 saved 1
    w1 saved 1
    completed    => nothing, TRAINING
    w2 saved 1
    completed    => checkpoint-000000001, TRAINING
  )");
  CHECK(story.last_checkpoint.manifest.slots() == 8);
  CHECK(story.last_checkpoint.manifest.shards_size() == 3);
}

TEST_CASE("Hybrid: with the only copy of a row, or of a tensor, the job goes back, and says for whom it waits") {
  JobRun::Spec spec = Hybrid(1, 1, 1);
  JobStory story(spec);
  story.Play(R"(
    server s1
    worker w1    => PREPARING
    w1 prepared
    assets       => ALLOCATING
    s1 ready
    w1 ready     => TRAINING
    w1 asks 2
    w1 done
    s1 saved 1
    w1 saved 1
    completed    => checkpoint-000000001, TRAINING
    s1 dies
  )");
  CHECK(story.Status().state() == v1::RECOVERING);
  CHECK(story.Status().message().find("waits for servers and workers: 0 of 1 and 1 of 1 are there") !=
        std::string::npos);
  story.Play(R"(
    server s2    => ALLOCATING
    s2 slots     => primary 0 1 2 3 4 5 6 7, ALLOCATING
    w1 slots     => primary 8 9 10 11 12 13 14 15, ALLOCATING
    s2 ready
    w1 ready     => TRAINING
    w1 dies
  )");
  CHECK(story.Status().message().find("waits for servers and workers: 1 of 1 and 0 of 1 are there") !=
        std::string::npos);
  story.Play(R"(
    worker w2
    w2 prepared  => ALLOCATING
    s2 ready
    w2 ready     => TRAINING
  )");
  CHECK(story.Status().generation() == 2);
  CHECK(story.AssignmentFor("w2").resume() == "/out/cats/checkpoint-000000001");
  CHECK(story.AssignmentFor("s2").resume() == "/out/cats/checkpoint-000000001");
}

TEST_CASE("Hybrid: where rows may lack updates each dense slot has one copy, and a worker's death is a server's") {
  JobRun::Spec spec = Hybrid(1, 2, 1);
  spec.request.mutable_job()->mutable_consistency()->mutable_bounded()->set_staleness(2);
  JobStory story(spec);
  story.Play(kOneAndTwo);
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(story.Status().warnings(0).find("share out the dense tensors, one copy of each") != std::string::npos);
  CHECK(story.Status().slots_without_backup() == 0);
  story.Play(R"(
    s1 slots     => primary 0 1 2 3 4 5 6 7, TRAINING
    w1 slots     => primary 8 10 12 14, TRAINING
    w2 slots     => primary 9 11 13 15, TRAINING
    w1 asks 2
    w2 asks 2
    w1 done
    w2 done
    s1 saved 1
    w1 saved 1
    completed    => nothing, TRAINING
    w2 saved 1
    completed    => checkpoint-000000001, TRAINING
    w1 dies      => ALLOCATING
    s1 slots     => primary 0 1 2 3 4 5 6 7, ALLOCATING
    w2 slots     => primary 8 9 10 11 12 13 14 15, ALLOCATING
    s1 ready
    w2 ready     => TRAINING
  )");
  CHECK(story.Status().generation() == 1);
  CHECK(story.AssignmentFor("w2").resume() == "/out/cats/checkpoint-000000001");
  REQUIRE(story.Status().warnings_size() == 3);
  CHECK(story.Status().warnings(2).find("4 of 16 slots had no copy elsewhere: back to the checkpoint") !=
        std::string::npos);
  story.Play(R"(
    worker w3
    w3 prepared  => TRAINING
    w3 slots     => prefetch 8 9 10 11, TRAINING
  )");
}

TEST_CASE("Hybrid: of few servers and of one worker a drain says what it leaves") {
  JobStory story(Hybrid(2, 2, 2));
  story.Play(kTwoAndTwo);
  story.Play(R"(
    drain w1     => TRAINING
    w1 slots     => none, TRAINING
    drain s1     => TRAINING
    s1 slots     => none, TRAINING
  )");
  REQUIRE(story.Status().warnings_size() == 2);
  CHECK(story.Status().warnings(0) ==
        "draining leaves one worker that holds slots: 8 of 16 slots have one copy until another worker comes, or the "
        "drain is undone");
  CHECK(story.Status().warnings(1) ==
        "draining leaves too few servers for replicas: 2: 16 of 16 slots have one copy until another server comes, or "
        "the drain is undone");
}

}  // namespace
}  // namespace pumasi
