// Stories of jobs whose workers hold the slots (mode: allreduce).
#include <catch2/catch.hpp>
#include <string>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

JobRun::Spec Sharded(uint32_t workers, uint32_t replicas) {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_servers(1);  // says nothing here
  spec.request.set_workers(workers);
  spec.request.mutable_job()->set_mode(v1::MODE_ALLREDUCE);
  spec.request.mutable_job()->set_replicas(replicas);
  return spec;
}

constexpr char kThree[] = R"(
  worker w1    => QUEUED: waits for nodes: 1 of 3 workers are there
  worker w2
  worker w3    => PREPARING
  w1 prepared  => upload, PREPARING
  w2 prepared
  assets       => PREPARING
  w3 prepared  => ALLOCATING
  w1 ready
  w2 ready
  w3 ready     => TRAINING
  w1 slots     => primary 0 3 6; backup 2 4, TRAINING
  w2 slots     => primary 1 4 7; backup 3 5, TRAINING
  w3 slots     => primary 2 5; backup 0 1 6 7, TRAINING
)";

constexpr char kTwo[] = R"(
  worker w1
  worker w2    => PREPARING
  w1 prepared
  w2 prepared
  assets
  w1 ready
  w2 ready     => TRAINING
)";

TEST_CASE("A member is told of both its halves") {
  JobStory story(Sharded(3, 2));
  story.Play("worker w1");
  CHECK(story.AssignmentFor("w1").job_id().empty());
  JobStory three(Sharded(3, 2));
  three.Play(kThree);
  const v1::Assignment assignment = three.AssignmentFor("w2");
  CHECK(assignment.workers_size() == 3);
  CHECK(assignment.sharing_size() == 3);
  CHECK(assignment.output() == "/out/cats");
  CHECK(assignment.layout().servers_size() == 3);
  CHECK(three.Status().servers() == 0);
  CHECK(three.Status().workers() == 3);
  CHECK(three.Status().warnings_size() == 0);
}

TEST_CASE("A member dies: its units go to others, and its slots are served from their second copies") {
  JobRun::Spec spec = Sharded(3, 2);
  spec.request.mutable_job()->set_batch(6);
  spec.request.mutable_job()->set_micro_batches(3);
  JobStory story(spec);
  story.Play(kThree);
  story.Play(R"(
    w1 asks 1    => train 0.0[0-0] at 0, TRAINING
    w2 asks 1    => train 0.0[1-1] at 0, TRAINING
    w3 asks 1    => train 0.0[2-2] at 0, TRAINING
    w2 done
    w3 done
    w1 dies      => TRAINING
    w2 slots     => primary 1 3 4 7; backup 5; prefetch 0 2 6, TRAINING
    w3 slots     => primary 0 2 5 6; backup 1 7; prefetch 3 4, TRAINING
    w2 asks 1    => train 0.0[0-0] at 0, TRAINING
    w2 done
    w2 prefetched
    w3 prefetched
    w2 filled
    w3 filled
    w2 slots     => primary 1 3 4 7; backup 0 2 5 6, TRAINING
    w3 slots     => primary 0 2 5 6; backup 1 3 4 7, TRAINING
  )");
  CHECK(story.Status().progress().version() == 1);
  CHECK(story.Status().slots_without_backup() == 0);
  CHECK(story.Status().generation() == 0);
  REQUIRE(story.Status().warnings_size() == 2);
  CHECK(story.Status().warnings(0) == "worker w1 died; its units go to others");
  CHECK(story.Status().warnings(1).find("worker w1 at w1:7 died (its connection broke") == 0);
  // What it was to push is refused.
  CHECK(story.AssignmentFor("w2").fenced_size() == 1);
}

TEST_CASE("A member with the only copy dies: back to the last checkpoint at once, with those that are left") {
  JobStory story(Sharded(2, 1));
  story.Play(kTwo);
  story.Play(R"(
    w1 asks 2
    w2 asks 2
    w1 done
    w2 done
    w1 saved 1
    w2 saved 1
    completed    => checkpoint-000000001, TRAINING
    w2 dies      => ALLOCATING
    w1 slots     => primary 0 1 2 3 4 5 6 7, ALLOCATING
    w1 ready     => TRAINING
  )");
  CHECK(story.Status().generation() == 1);
  CHECK(story.AssignmentFor("w1").resume() == "/out/cats/checkpoint-000000001");
  REQUIRE(story.Status().warnings_size() >= 1);
  CHECK(story.Status().warnings(0).find("mode: allreduce with replicas: 1: a worker's death takes the job back") == 0);
}

TEST_CASE("Where all members die the job waits for others, which have to read the data first") {
  JobStory story(Sharded(2, 2));
  story.Play(kTwo);
  story.Play(R"(
    w1 dies
    w2 dies
    worker w3
    worker s7
  )");
  CHECK(story.Status().state() == v1::RECOVERING);
  CHECK(story.Status().message().find("waits for workers: 0 of 1 are there") != std::string::npos);
  CHECK(story.AssignmentFor("w3").layout().slot_owner_size() == 0);
  story.Play(R"(
    w3 prepared  => ALLOCATING
    w3 slots     => primary 0 1 2 3 4 5 6 7, ALLOCATING
    w3 ready     => TRAINING
  )");
}

TEST_CASE("A worker that comes holds slots once it has read the data, and the same data") {
  JobStory story(Sharded(1, 1));
  story.Play(R"(
    worker w1
    w1 prepared
    assets       => ALLOCATING
    w1 ready     => TRAINING
    worker w2    => TRAINING
    w2 slots     => none, TRAINING
    worker w3
    w3 prepared 10 other
    w3 slots     => none, TRAINING
    w2 prepared  => TRAINING
    w2 slots     => prefetch 0 1 2 3, TRAINING
    w2 prefetched
    w2 slots     => filling 0 1 2 3, TRAINING
    w2 filled
    w2 slots     => primary 0 1 2 3, TRAINING
    w1 slots     => primary 4 5 6 7, TRAINING
  )");
}

TEST_CASE("A worker with other kernels, and one that holds no slots, are no members") {
  JobStory story(Sharded(2, 2));
  v1::Node old;
  old.set_name("old");
  old.set_address("old:7");
  old.set_role(v1::ROLE_WORKER);
  old.set_kernel_set("avx2");
  old.set_incarnation(7);
  REQUIRE(story.cluster().Register(old, story.now()).ok());
  story.Play(R"(
    worker w1
    worker w2
    worker x1 avx512
  )");
  v1::ReportPreparedRequest prepared;
  prepared.set_incarnation(7);
  prepared.mutable_data()->set_fingerprint("same");
  prepared.mutable_data()->set_train_rows(10);
  prepared.mutable_data()->set_vocabulary(50);
  prepared.mutable_data()->set_classes(3);
  REQUIRE(story.job().Prepared(prepared, story.now()).ok());
  story.Play(R"(
    w1 prepared
    assets
    w2 prepared  => ALLOCATING
    w1 ready
    w2 ready     => TRAINING
    x1 slots     => none, TRAINING
  )");
  CHECK(story.job().layout().servers_size() == 2);
  CHECK(story.job().AssignmentFor(old)->sharing_size() == 3);
  CHECK(story.job().AssignmentFor(old)->workers_size() == 0);
}

TEST_CASE("A drained member gets no leases, loses its slots, and is drained when both are gone") {
  JobStory story(Sharded(2, 1));
  story.Play(kTwo);
  story.Play(R"(
    w1 asks 1    => train 0.0[0-0] at 0, TRAINING
    drain w1     => TRAINING
    w1 asks 9    => nothing, TRAINING
    w2 slots     => primary 1 3 5 7; prefetch 0 2 4 6, TRAINING
    w2 prefetched
    w2 filled
    w2 slots     => primary 0 1 2 3 4 5 6 7, TRAINING
  )");
  CHECK_FALSE(story.cluster().Nodes(story.now())[0].drained());
  // It still computes, so it has work, and no slots.
  CHECK(story.AssignmentFor("w1").workers_size() == 0);
  CHECK(story.AssignmentFor("w1").sharing_size() == 1);
  story.Play("w1 done");
  CHECK(story.cluster().Nodes(story.now())[0].drained());
}

JobRun::Spec Replicated(uint32_t workers) {
  JobRun::Spec spec = Sharded(workers, 1);
  spec.request.mutable_job()->mutable_allreduce()->set_state(v1::ALLREDUCE_STATE_REPLICATED);
  return spec;
}

TEST_CASE("Replicated: each member has every slot, and nothing is lost while one lives") {
  JobStory story(Replicated(3));
  story.Play(R"(
    worker w1
    worker w2
    worker w3
    w1 prepared
    w2 prepared
    assets
    w3 prepared
    w1 ready
    w2 ready
    w3 ready     => TRAINING
    w1 slots     => primary 0 3 6; backup 1 2 4 5 7, TRAINING
    w2 slots     => primary 1 4 7; backup 0 2 3 5 6, TRAINING
    w3 slots     => primary 2 5; backup 0 1 3 4 6 7, TRAINING
  )");
  CHECK(story.Status().warnings_size() == 0);
  CHECK(story.Status().slots_without_backup() == 0);
  story.Play(R"(
    w1 asks 9
    w1 done
    w2 dies      => TRAINING
    w1 slots     => primary 0 3 4 6; backup 1 2 5 7, TRAINING
    w3 slots     => primary 1 2 5 7; backup 0 3 4 6, TRAINING
    w1 dies      => TRAINING
    w3 slots     => primary 0 1 2 3 4 5 6 7, TRAINING
  )");
  const v1::JobStatus status = story.Status();
  CHECK(status.generation() == 0);
  CHECK(status.slots_without_backup() == 8);
  REQUIRE(status.warnings_size() == 4);
  CHECK(status.warnings(1).find("worker w2 at w2:7 died (its connection broke") == 0);
  CHECK(status.warnings(1).find("; the others hold every slot, too") != std::string::npos);
}

TEST_CASE("Replicated: a worker that comes copies all slots ahead, then fills with all at once; one at a time") {
  JobStory story(Replicated(1));
  story.Play(R"(
    worker w1
    w1 prepared
    assets       => ALLOCATING
    w1 ready     => TRAINING
    worker w2
    worker w3
    w3 prepared
    w3 slots     => prefetch 0 1 2 3 4 5 6 7, TRAINING
    w2 prepared
    w2 slots     => none, TRAINING
    w3 prefetched
    w3 slots     => filling 0 1 2 3 4 5 6 7, TRAINING
    w2 slots     => none, TRAINING
    w3 filled
    w3 slots     => primary 0 1 2 3; backup 4 5 6 7, TRAINING
    w2 slots     => prefetch 0 1 2 3 4 5 6 7, TRAINING
    w2 prefetched
    w2 filled
    w2 slots     => primary 0 4; backup 1 2 3 5 6 7, TRAINING
  )");
  CHECK(story.Status().slots_without_backup() == 0);
  CHECK(story.job().layout().replicas_size() == 3);
}

TEST_CASE("Replicated: a worker that can't copy a slot is none of the copies, and tries again later", "[deadline]") {
  JobRun::Spec spec = Replicated(1);
  spec.request.mutable_job()->set_stall_timeout(600);
  JobStory story(spec);
  story.Play(R"(
    worker w1
    w1 prepared
    assets
    w1 ready     => TRAINING
    worker w2
    w2 prepared
    w2 prefetched
    w2 failed    => TRAINING
    w2 slots     => none, TRAINING
    61 pass
    w2 slots     => prefetch 0 1 2 3 4 5 6 7, TRAINING
  )");
  CHECK(story.job().layout().replicas_size() == 1);
}

TEST_CASE("Replicated: a drained member hands its primaries on at once") {
  JobStory story(Replicated(2));
  story.Play(kTwo);
  story.Play(R"(
    drain w1     => TRAINING
    w1 slots     => none, TRAINING
    w2 slots     => primary 0 1 2 3 4 5 6 7, TRAINING
  )");
  CHECK(story.cluster().Nodes(story.now())[0].drained());
  REQUIRE(story.Status().warnings_size() == 1);
  CHECK(story.Status().warnings(0) ==
        "draining leaves one worker that holds slots: 8 of 8 slots have one copy until another worker comes, or the "
        "drain is undone");
}

TEST_CASE("Replicated: with the last member the job goes back to its last checkpoint") {
  JobStory story(Replicated(2));
  story.Play(kTwo);
  story.Play(R"(
    w1 asks 2
    w2 asks 2
    w1 done
    w2 done
    w1 saved 1
    w2 saved 1
    completed    => checkpoint-000000001, TRAINING
    w2 dies      => TRAINING
    w1 dies
    worker w3
    w3 prepared  => ALLOCATING
    w3 slots     => primary 0 1 2 3 4 5 6 7, ALLOCATING
    w3 ready     => TRAINING
  )");
  CHECK(story.Status().generation() == 1);
  CHECK(story.AssignmentFor("w3").resume() == "/out/cats/checkpoint-000000001");
  CHECK(story.job().layout().replicas_size() == 1);
}

TEST_CASE("Servers that are there have nothing to do, and one that dies is nothing to the job") {
  JobStory story(Sharded(1, 1));
  story.Play(R"(
    server s1    => QUEUED: waits for nodes: 0 of 1 workers are there
    worker w1
    w1 prepared
    assets       => ALLOCATING
    s1 slots     => none, ALLOCATING
    w1 ready     => TRAINING
    s1 dies      => TRAINING
  )");
  REQUIRE(story.Status().warnings_size() == 2);
  CHECK(story.Status().warnings(0) ==
        "mode: allreduce: workers hold the slots; servers have nothing to do, and 1 is there");
}

}  // namespace
}  // namespace pumasi
