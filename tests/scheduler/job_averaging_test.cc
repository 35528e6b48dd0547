// Stories of a job that averages: rounds and their lanes where other jobs have batches and parts.
#include <catch2/catch.hpp>
#include <string>

#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

// 10 rows an epoch: a round of 8 rows, 2 lanes with 2 batches of 2 rows each, and one of 2 rows.
JobRun::Spec Averaging() {
  JobRun::Spec spec = SmallJobSpec();
  v1::Job& job = *spec.request.mutable_job();
  job.set_batch(2);
  job.set_micro_batches(2);
  job.mutable_average_every()->set_batches(2);
  return spec;
}

// As allreduce: {state: replicated}, with two workers.
JobRun::Spec AveragingMembers() {
  JobRun::Spec spec = Averaging();
  spec.request.set_workers(2);
  spec.request.mutable_job()->set_mode(v1::MODE_ALLREDUCE);
  spec.request.mutable_job()->mutable_allreduce()->set_state(v1::ALLREDUCE_STATE_REPLICATED);
  return spec;
}

void CheckAudit(const JobStory& story) {
  const v1::AuditResponse audit = story.job().Audit();
  CHECK(audit.parts() == 8);
  CHECK(audit.done() == 8);
  CHECK(audit.samples() == 20);
  CHECK(audit.expected_samples() == 20);
}

// Each part comes to the rows that it has.
void CountRows(JobStory* story) {
  story->result = [](const v1::Lease& lease, v1::PartResult* part) { part->set_samples(lease.batch() == 0 ? 4 : 1); };
}

TEST_CASE("Lanes of a round are leased, done and audited as parts of a batch are") {
  JobStory story(Averaging());
  CountRows(&story);
  story.Play(kTraining);
  CHECK(story.Status().batches_per_epoch() == 2);
  story.Play(R"(
    w1 asks 2    => train 0.0[0-1] at 0; train 0.1[0-1] at 1, TRAINING
    w1 done      => TRAINING
  )");
  CHECK(story.Status().progress().version() == 2);
  CHECK(story.Status().progress().epoch() == 1);
  story.Play(R"(
    w1 asks 2    => train 1.0[0-1] at 2; train 1.1[0-1] at 3, TRAINING
    w1 done      => SAVING
  )");
  CheckAudit(story);
}

TEST_CASE("Lanes with parameters of their own are leased one by one") {
  JobRun::Spec spec = Averaging();
  spec.request.mutable_job()->mutable_average_every()->set_elastic(0.9);
  JobStory story(spec);
  CountRows(&story);
  story.Play(kTraining);
  story.Play(R"(
    w1 asks 4    => train 0.0[0-0] at 0; train 0.0[1-1] at 0; train 0.1[0-0] at 1; train 0.1[1-1] at 1, TRAINING
    w1 done      => TRAINING
  )");
  CHECK(story.Status().progress().version() == 2);
}

TEST_CASE("A member that dies in a round loses its lane's batches: the other trains them in the same round") {
  JobStory story(AveragingMembers());
  CountRows(&story);
  story.Play(R"(
    worker w1
    worker w2    => PREPARING
    w1 prepared
    w2 prepared
    assets
    w1 ready
    w2 ready     => TRAINING
    w1 asks 1    => train 0.0[0-0] at 0, TRAINING
    w2 asks 1    => train 0.0[1-1] at 0, TRAINING
    w1 done
    w2 dies      => TRAINING
    w1 asks 1    => train 0.0[1-1] at 0, TRAINING
    w1 done
    w1 asks 2
    w1 done
    w1 asks 9
    w1 done
    w1 asks 9
    w1 done      => SAVING
  )");
  CheckAudit(story);
}

TEST_CASE("A round may take longer than stall_timeout while its lanes train, and not when they stop", "[deadline]") {
  JobStory story(Averaging());
  story.Play(kTraining);
  story.Play("w1 asks 1");
  v1::LeaseUnitsRequest request;
  request.set_incarnation(story.node("w1").incarnation());
  for (uint64_t batches = 1; batches <= 5; ++batches) {
    request.set_lane_batches(batches);
    REQUIRE(story.job().TakeResults(request, story.now()).ok());
    story.Play("50 pass => TRAINING");
  }
  REQUIRE(story.job().TakeResults(request, story.now()).ok());
  story.Play("11 pass");
  CHECK(story.Status().state() == v1::FAILED);
  CHECK_THAT(story.Status().message(), Catch::Contains("no progress for 60 s in state TRAINING; waited for worker w1"));
}

}  // namespace
}  // namespace pumasi
