// Stories of jobs whose workers sum by a ring (allreduce: {reduction: ring}).
#include <catch2/catch.hpp>

#include "common/error_detail.h"
#include "tests/scheduler/job_story.h"

namespace pumasi {
namespace {

JobRun::Spec Ring(uint32_t workers) {
  JobRun::Spec spec = SmallJobSpec();
  spec.request.set_workers(workers);
  v1::Job& job = *spec.request.mutable_job();
  job.set_mode(v1::MODE_ALLREDUCE);
  job.mutable_allreduce()->set_state(v1::ALLREDUCE_STATE_REPLICATED);
  job.mutable_allreduce()->set_reduction(v1::REDUCTION_RING);
  job.set_batch(6);
  job.set_micro_batches(3);
  return spec;
}

constexpr char kThree[] = R"(
  worker w1
  worker w2
  worker w3    => PREPARING
  w1 prepared
  w2 prepared
  assets
  w3 prepared
  w1 ready
  w2 ready
  w3 ready     => TRAINING
)";

TEST_CASE("Each member of a ring has its share of every batch, which goes to others only when it dies") {
  JobStory story(Ring(3));
  story.Play(kThree);
  story.Play(R"(
    w1 asks 2    => train 0.0[0-0] at 0; train 0.1[0-0] at 1, TRAINING
    w1 asks 2    => nothing, TRAINING
    w3 asks 1    => train 0.0[2-2] at 0, TRAINING
    w2 asks 1    => train 0.0[1-1] at 0, TRAINING
    w1 done 1
    w3 done
    w2 dies      => TRAINING
    w1 asks 9    => nothing, TRAINING
  )");
  // Of two members the first one computes part 0 of three, the other one the rest.
  CHECK(story.Status().progress().version() == 0);
  story.Play(R"(
    w3 asks 1    => train 0.0[1-1] at 0, TRAINING
    w3 done
    w3 asks 1    => train 0.1[1-1] at 1; train 0.1[2-2] at 1, TRAINING
  )");
  CHECK(story.Status().progress().version() == 1);
}

v1::MeetGroupRequest Meeting(const JobStory& story, const std::string& name) {
  v1::MeetGroupRequest request;
  request.set_incarnation(story.node(name).incarnation());
  request.set_layout_epoch(story.job().layout().epoch());
  request.set_attempt(5);
  request.set_version(1);
  return request;
}

TEST_CASE("Members of a ring meet under their layout, and nobody else does") {
  JobStory story(Ring(3));
  story.Play(kThree);
  for (const char* name : {"w1", "w3"}) {
    const auto answer = story.job().MeetGroup(Meeting(story, name));
    REQUIRE(answer.ok());
    CHECK_FALSE(answer->has_value());
  }
  CHECK(story.job().WaitingFor().find("worker w2 to connect with the others") != std::string::npos);
  v1::MeetGroupRequest old = Meeting(story, "w2");
  old.set_layout_epoch(old.layout_epoch() - 1);
  CHECK(ReasonOf(story.job().MeetGroup(old).status()) == v1::ErrorDetail::STALE_LAYOUT);
  const auto all = story.job().MeetGroup(Meeting(story, "w2"));
  REQUIRE(all.ok());
  REQUIRE(all->has_value());
  CHECK((*all)->members_size() == 3);
  story.Play("w2 dies");
  CHECK(ReasonOf(story.job().MeetGroup(Meeting(story, "w2")).status()) == v1::ErrorDetail::UNKNOWN_JOB);
  CHECK_FALSE((*story.job().MeetGroup(Meeting(story, "w1"))).has_value());
  CHECK((*story.job().MeetGroup(Meeting(story, "w3"))).has_value());
}

}  // namespace
}  // namespace pumasi
