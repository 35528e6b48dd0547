// What goes wrong for a unit: errors that pass, waits that don't end, and what fails the job.
#include <catch2/catch.hpp>

#include "tests/job/work_story.h"
#include "worker/job/work_core.h"

namespace pumasi {
namespace {

using Lines = WorkStory::Lines;
using D = v1::ErrorDetail;

const absl::Status kNoAnswer = absl::UnavailableError("connection refused");

TEST_CASE("What may pass is tried again after growing waits, server by server") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.Pushed(1, 0);
  for (const D::Reason reason : {D::UNAVAILABLE, D::UNKNOWN_INCARNATION, D::OVER_LIMIT, D::CORRUPT, D::UNKNOWN_JOB}) {
    s.Pushed(1, 1, Refusal(reason));
    CHECK(s.Did() == Lines{});
    s.Wait(absl::Milliseconds(20));
    CHECK(s.Did() == Lines{});
    s.Wait(absl::Seconds(1));
    CHECK(s.Did() == Lines{"push 1 to 1"});
  }
  s.Pushed(1, 1, absl::DeadlineExceededError("late"));
  s.Wait(absl::Seconds(1));
  CHECK(s.Did() == Lines{"push 1 to 1"});
  s.Pushed(1, 1);
  CHECK(s.Did() == Lines{"drop 1", "report 1:v3[0,1)"});
}

TEST_CASE("A server that is being filled is asked again soon") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  for (int i = 0; i < 20; ++i) {
    s.Pushed(1, 1, Refusal(D::NOT_READY));
    s.Wait(absl::Milliseconds(50));
    CHECK(s.Did() == Lines{"push 1 to 1"});
  }
}

TEST_CASE("A unit that gets nowhere for stall_timeout is given back") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.Read(1);
  s.Did();
  s.Pulled(1, 0, Refusal(D::NOT_READY));
  s.Wait(absl::Milliseconds(50));
  CHECK(s.Did() == Lines{"pull 1 v3 from 0"});
  s.Wait(absl::Seconds(59));
  CHECK(s.Did() == Lines{});
  s.Wait(absl::Seconds(1));
  CHECK(s.Did() == Lines{"drop 1", "report back 1"});
}

TEST_CASE("In a job that averages a unit may wait for others' lanes as long as the servers say so") {
  WorkStory s;
  s.assignment.mutable_job()->mutable_average_every()->set_batches(2);
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.Read(1);
  s.Did();
  for (int i = 0; i < 5; ++i) {
    s.Pulled(1, 0, Refusal(D::NOT_READY));
    s.Wait(absl::Milliseconds(50));
    CHECK(s.Did() == Lines{"pull 1 v3 from 0"});
    s.Wait(absl::Seconds(59));
    CHECK(s.Did() == Lines{});
  }
  s.Pulled(1, 0, kNoAnswer);
  s.Wait(absl::Seconds(1));
  CHECK(s.Did() == Lines{"pull 1 v3 from 0", "drop 1", "report back 1"});
}

TEST_CASE(
    "In a job that averages calls that run into their deadlines fail the job: the lane would be trained for ever") {
  const absl::Status late = absl::DeadlineExceededError("Deadline Exceeded");
  WorkStory s;
  s.assignment.mutable_job()->mutable_average_every()->set_batches(2);
  SECTION("in a push") {
    s.Assign();
    s.Lease({{3, 0, 1}});
    s.UpToPush(1);
    s.Pushed(1, 0);
    for (int i = 0; i < 12; ++i) {
      s.Wait(absl::Seconds(5));
      s.Pushed(1, 1, late);
    }
    CHECK(s.Did().back() ==
          "fail: pushing to s1 what a lane touches did not get through within call_timeout (5s), again and again for "
          "1m; raise the workers' call_timeout, or average after fewer batches (average_every), or spread the slots "
          "over more servers");
  }
  SECTION("not where the server answers at last") {
    s.Assign();
    s.Lease({{3, 0, 1}});
    s.UpToPush(1);
    s.Pushed(1, 0);
    s.Wait(absl::Seconds(55));
    s.Pushed(1, 1, late);
    s.Wait(absl::Seconds(4));
    s.Pushed(1, 1, kNoAnswer);
    s.Wait(absl::Seconds(2));
    CHECK(s.Did().back() == "report back 1");
  }
  SECTION("not in a job that does not average") {
    s.assignment.mutable_job()->clear_average_every();
    s.Assign();
    s.Lease({{3, 0, 1}});
    s.UpToPush(1);
    s.Pushed(1, 0);
    s.Wait(absl::Seconds(59));
    s.Pushed(1, 1, late);
    s.Wait(absl::Seconds(2));
    CHECK(s.Did().back() == "report back 1");
  }
}

TEST_CASE("A message that is too large fails the job at once; a server that is short of memory does not") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.Read(1);
  s.Pulled(1, 0, absl::ResourceExhaustedError("memory quota exceeded"));
  s.Wait(absl::Seconds(1));
  CHECK(s.Did().back() == "pull 1 v3 from 0");
  s.Pulled(1, 0, absl::ResourceExhaustedError("Received message larger than max (300 vs. 200)"));
  CHECK(s.Did().back() ==
        "fail: pulling from s0 takes too large a message (Received message larger than max (300 vs. 200)); raise "
        "max_message of servers and workers, or make batches smaller, raise micro_batches, or spread the slots over "
        "more servers");
}

TEST_CASE("The scheduler is told how many batches were read and trained in lanes") {
  WorkStory s;
  for (int batch = 0; batch < 3; ++batch) s.core.LaneBatch();
  s.core.SetAssignment(s.assignment, s.now);
  const auto effects = s.core.TakeEffects();
  REQUIRE(effects.size() == 1);
  REQUIRE(std::holds_alternative<CallLease>(effects[0]));
  CHECK(std::get<CallLease>(effects[0]).request.lane_batches() == 3);
}

TEST_CASE("An error that trying again would not mend fails the job, until a new generation") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.Read(1);
  s.Did();
  s.Pulled(1, 0, Refusal(D::MALFORMED));
  CHECK(s.Did() == Lines{"drop 1", "fail: refused"});
  s.Wait(absl::Seconds(2));
  CHECK(s.Did() == Lines{"fail: refused"});
  s.Layout(2, 1);
  s.Assign();
  s.NoLease();
  CHECK(s.Did().size() == 1);
}

}  // namespace
}  // namespace pumasi
