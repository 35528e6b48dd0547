// Stories of jobs that lost parameters, failed or were cancelled, and go on from their last checkpoint's cut.
#include <catch2/catch.hpp>
#include <string>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

const char kDied[] =
    "s1 dies => RECOVERING: server s1 at s1:7 died (its connection broke, silent for 0.5 s) and 8 of 8 slots had no "
    "copy "
    "elsewhere; waits for servers: 0 of 1 are there";

TEST_CASE("Without a second copy the job waits for a server, and goes back to the last checkpoint's cut") {
  JobStory story;
  story.result = [](const v1::Lease& lease, v1::PartResult* part) { part->set_loss(double(lease.version() + 1)); };
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 2
    w1 done
    s1 saved 1
    completed    => checkpoint-000000001, TRAINING
    w1 asks 1    => train 0.2[0-1] at 2, TRAINING
  )");
  CHECK(story.Status().samples() == 4);
  const v1::Lease old = story.held("w1")[0];
  story.Play(kDied);
  CHECK(story.AssignmentFor("w1").state() == v1::RECOVERING);
  story.Play(R"(
    w1 asks 9
    server s2    => ALLOCATING
    w1 asks 9
    s2 ready     => TRAINING
  )");
  const v1::Assignment assignment = story.AssignmentFor("s2");
  CHECK(assignment.layout().generation() == 1);
  CHECK(assignment.layout().epoch() == 2);
  CHECK(assignment.resume() == "/out/cats/checkpoint-000000001");
  CHECK(assignment.start().version() == 1);
  CHECK(story.Status().samples() == 2);
  CHECK(story.Status().first_losses_size() == 1);
  CHECK(story.Status().progress().version() == 1);
  CHECK(story.job().Audit().undone_batches() == 1);
  // What was done before counts for nothing now.
  story.Play(R"(
    w1 done      => TRAINING
    w1 asks 1    => train 0.1[0-1] at 1, TRAINING
  )");
  CHECK(story.Status().progress().version() == 1);
  CHECK(story.held("w1")[0].generation() == 1);
  CHECK(old.generation() == 0);
  story.Play(R"(
    w1 done
    w1 asks 9    => train 0.2[0-1] at 2, TRAINING
    w1 done      => TRAINING
    w1 asks 9    => train 1.0[0-1] at 3; train 1.1[0-1] at 4; train 1.2[0-1] at 5, TRAINING
    w1 done      => SAVING
    s2 saved model
    completed    => model, DONE
  )");
  const v1::JobStatus status = story.Status();
  CHECK(status.samples() == 12);
  REQUIRE(status.epochs_done_size() == 2);
  CHECK(status.epochs_done(0).loss() == 2);
  CHECK(status.first_losses_size() == 6);
  const v1::AuditResponse audit = story.job().Audit();
  CHECK(audit.parts() == 12);
  CHECK(audit.done() == 12);
  CHECK(audit.undone_batches() == 1);
  CHECK(audit.repeated_results() == 1);
  CHECK(story.Audited(0).generation() == 0);
  CHECK(story.Audited(1).generation() == 1);
}

TEST_CASE("Without a checkpoint it begins again") {
  JobStory story;
  story.Play(kTraining);
  story.Play("w1 asks 2 \n w1 done");
  story.Play(kDied);
  story.Play(R"(
    server s2
    s2 ready     => TRAINING
    w1 asks 1    => train 0.0[0-1] at 0, TRAINING
  )");
  CHECK(story.AssignmentFor("s2").resume().empty());
  CHECK(story.Status().samples() == 0);
}

TEST_CASE("A cut at an epoch's end comes before its evaluation, which is done again") {
  JobStory story(SmallJobSpec(), 5);
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 9
    w1 done      => EVALUATING
    s1 saved 3
    completed    => checkpoint-000000003, EVALUATING
    w1 asks 1    => test [0-4] at 3, EVALUATING
    w1 done      => TRAINING
  )");
  story.Play(kDied);
  story.Play(R"(
    server s2
    s2 ready     => EVALUATING
    w1 asks 1    => test [0-4] at 3, EVALUATING
    w1 done      => TRAINING
    w1 asks 1    => train 1.0[0-1] at 3, TRAINING
  )");
  CHECK(story.Status().evaluations_size() == 1);
  CHECK(story.Status().epochs_done_size() == 1);
  CHECK(story.Status().epochs_done(0).samples() == 6);
}

TEST_CASE("It goes on with fewer servers after the stall time, and fails if none comes in recover_timeout",
          "[deadline]") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_servers(2);
  spec.request.mutable_job()->set_recover_timeout(100);
  JobStory story(spec);
  story.Play(R"(
    server s1
    server s2
    worker w1
    w1 prepared
    assets
    s1 ready
    s2 ready      => TRAINING
    s1 dies       => RECOVERING: server s1 at s1:7 died (its connection broke, silent for 0.5 s) and 4 of 8 slots had no copy elsewhere; waits for servers: 1 of 2 are there
  )");
  SECTION("one is left") {
    story.Play(R"(
      60 pass
      1 pass      => ALLOCATING
      s2 ready    => TRAINING
    )");
  }
  SECTION("none is") {
    story.Play("s2 dies");
    CHECK(story.Status().state() == v1::RECOVERING);
    story.Play("101 pass");
    CHECK(story.Status().state() == v1::FAILED);
    CHECK(story.Status().message().find("after 100 s there are still too few servers (server s1 at s1:7 died") == 0);
  }
}

TEST_CASE("A server that dies while tables are made makes the job begin with the others") {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_servers(2);
  JobStory story(spec);
  story.Play(R"(
    server s1
    server s2
    worker w1
    w1 prepared
    assets        => ALLOCATING
    s1 ready
    s2 dies       => RECOVERING: server s2 at s2:7 died (its connection broke, silent for 0.5 s); waits for servers: 1 of 2 are there
    server s3     => ALLOCATING
    s1 ready
    s3 ready      => TRAINING
  )");
}

TEST_CASE("Workers that come while the job recovers, with the same kernels, work with it; others do not") {
  JobStory story;
  story.Play(kTraining);
  story.Play(kDied);
  story.Play(R"(
    worker w2 sse2
    worker w3
    w3 prepared
    w2 prepared => refused (job cats-1 does not want this worker), RECOVERING: server s1 at s1:7 died (its connection broke, silent for 0.5 s) and 8 of 8 slots had no copy elsewhere; waits for servers: 0 of 1 are there
    server s2
    s2 ready    => TRAINING
    w3 asks 1   => train 0.0[0-0] at 0, TRAINING
    w1 asks 1   => train 0.0[1-1] at 0, TRAINING
  )");
}

TEST_CASE("A job that was cancelled or failed is resumed under its id, from its last checkpoint") {
  JobStory story;
  story.Play(kTraining);
  story.Play(R"(
    resumed      => refused (job cats-1 is TRAINING; only one that failed or was cancelled can be resumed), TRAINING
    w1 asks 2
    w1 done
    s1 saved 2
    completed    => checkpoint-000000002, TRAINING
    w1 asks 1
    cancelled    => CANCELLED: cancelled by its user
    w1 done      => CANCELLED: cancelled by its user
    resumed      => PREPARING
    w1 prepared  => ALLOCATING
    s1 ready     => TRAINING
    w1 asks 9    => train 0.2[0-1] at 2, TRAINING
    w1 done
    61 pass      => FAILED: no progress for 60 s in state TRAINING; waited for nobody with 2 parts of batch 3
    resumed      => PREPARING
    w1 prepared  => ALLOCATING
    s1 ready     => TRAINING
    w1 asks 9    => train 0.2[0-1] at 2, TRAINING
  )");
  CHECK(story.AssignmentFor("s1").resume() == "/out/cats/checkpoint-000000002");
  CHECK(story.Status().generation() == 2);
}

}  // namespace
}  // namespace pumasi
