#include "worker/job/work_core.h"

#include <catch2/catch.hpp>

#include "tests/job/work_story.h"

namespace pumasi {
namespace {

using Lines = WorkStory::Lines;
using D = v1::ErrorDetail;

const absl::Status kNoAnswer = absl::UnavailableError("connection refused");

TEST_CASE("A unit is read, pulled from all holders, computed, pushed to all of them, and reported") {
  WorkStory s;
  s.Assign();
  CHECK(s.Did() == Lines{"lease"});
  s.Lease({{3, 0, 2}});
  CHECK(s.Did() == Lines{"read 1: v3 [0,2)", "lease 1"});
  s.Read(1);
  CHECK(s.Did() == Lines{"pull 1 v3 from 0,1"});
  s.Pulled(1, 1);
  CHECK(s.Did() == Lines{});
  s.Pulled(1, 0);
  CHECK(s.Did() == Lines{"compute 1"});
  s.Computed(1);
  CHECK(s.Did() == Lines{"push 1 to 0,1"});
  s.Pushed(1, 0);
  CHECK(s.Did() == Lines{});
  s.Pushed(1, 1);
  CHECK(s.Did() == Lines{"drop 1", "report 1:v3[0,2)"});
  s.Reported();
  CHECK(s.Did() == Lines{});
  CHECK(s.core.units() == 0);
}

TEST_CASE("Where updates may be missing a pull for training says how many") {
  WorkStory s;
  s.assignment.mutable_job()->mutable_consistency()->mutable_bounded()->set_staleness(2);
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.Read(1);
  CHECK(s.Did() == Lines{"lease", "read 1: v3 [0,1)", "lease 1", "pull 1 v3-2 from 0,1"});
}

TEST_CASE("Where lanes have parameters of their own a pull for training says whose") {
  WorkStory s;
  s.assignment.mutable_job()->mutable_average_every()->set_batches(2);
  s.assignment.mutable_job()->mutable_average_every()->set_elastic(0.9);
  s.Assign();
  s.Lease({{3, 1, 2}});
  s.Read(1);
  CHECK(s.Did() == Lines{"lease", "read 1: v3 [1,2)", "lease 1", "pull 1 v3 of lane 1 from 0,1"});
}

TEST_CASE("Results wait for one another for a little while as long as there is other work to do") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}, {4, 0, 1}, {5, 0, 1}, {6, 0, 1}});
  const auto done = [&](uint64_t unit) {
    s.UpToPush(unit);
    s.Pushed(unit, 0);
    s.Pushed(unit, 1);
    Lines reports = s.Did();
    std::erase_if(reports, [](const std::string& line) { return line.substr(0, 6) != "report"; });
    return reports;
  };
  // Nothing was reported lately.
  CHECK(done(1) == Lines{"report 1:v3[0,1)"});
  s.Reported();
  CHECK(done(2) == Lines{});
  CHECK(s.core.NextDeadline() <= s.now + absl::Milliseconds(20));
  SECTION("another one comes") { CHECK(done(3) == Lines{"report 2:v4[0,1) 3:v5[0,1)"}); }
  SECTION("none comes") {
    s.Wait(absl::Milliseconds(20));
    CHECK(s.Did() == Lines{"report 2:v4[0,1)"});
  }
  SECTION("nothing is left to compute") {
    for (const uint64_t unit : {3, 4}) s.Read(unit), s.Pulled(unit, 0), s.Pulled(unit, 1);
    s.Computed(3);
    s.Did();
    s.Computed(4);
    CHECK(s.Did() == Lines{"push 4 to 0,1", "report 2:v4[0,1)"});
  }
}

TEST_CASE("A lease is held until the scheduler has taken its result, or it would give it to others") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  CHECK(s.Did() == Lines{"drop 1", "report 1:v3[0,1)"});
  s.Wait(absl::Seconds(1));
  s.NoLease();
  CHECK(s.Did() == Lines{"lease 1 more"});
  s.Reported();
  s.Wait(absl::Seconds(1));
  s.NoLease();
  CHECK(s.Did() == Lines{"lease"});
}

TEST_CASE("Some units pull, one computes and two push at a time, in order of version and part") {
  WorkStory s;
  s.Assign();
  s.Lease({{4, 0, 1}, {3, 2, 3}, {3, 1, 2}, {4, 1, 2}});
  CHECK(s.Did() == Lines{"lease", "read 3: v3 [1,2)", "read 2: v3 [2,3)", "lease 1,2,3,4"});
  s.Read(3);
  s.Read(2);
  CHECK(s.Did() == Lines{"read 1: v4 [0,1)", "pull 3 v3 from 0,1", "read 4: v4 [1,2)", "pull 2 v3 from 0,1"});
  s.Read(1);
  s.Read(4);
  CHECK(s.Did() == Lines{});
  for (const uint64_t unit : {3, 2}) s.Pulled(unit, 0), s.Pulled(unit, 1);
  CHECK(s.Did() == Lines{"compute 3", "pull 1 v4 from 0,1"});
  s.Computed(3);
  CHECK(s.Did() == Lines{"compute 2", "push 3 to 0,1", "pull 4 v4 from 0,1"});
}

TEST_CASE("An earlier unit that arrives late overtakes those that wait for its version") {
  WorkStory s;
  s.Assign();
  s.Lease({{4, 0, 1}, {5, 0, 1}});
  s.Read(1);
  s.Read(2);
  s.Did();
  s.Lease({{3, 2, 3}});
  CHECK(s.Did() == Lines{"read 3: v3 [2,3)", "lease 1,2,3"});
  s.Read(3);
  CHECK(s.Did() == Lines{"pull 3 v3 from 0,1"});
}

TEST_CASE("A new layout amid a push: acknowledgements of the old one count for nothing") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.Pushed(1, 0);
  s.Pushed(1, 1, Refusal(D::STALE_LAYOUT, 0, 2));
  s.Wait(absl::Seconds(10));
  CHECK(s.Did() == Lines{});
  s.Layout(2, 0, 3);
  s.Assign();
  CHECK(s.Did() == Lines{"push 1 to 0,1,2"});
  s.Pushed(1, 1);
  s.Pushed(1, 2);
  CHECK(s.Did() == Lines{});
  s.Pushed(1, 0);
  CHECK(s.Did() == Lines{"drop 1", "report 1:v3[0,1)"});
}

TEST_CASE("A server dies between two acknowledgements: the push ends under the layout without it") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.Pushed(1, 0);
  s.Pushed(1, 1, kNoAnswer);
  s.Layout(2, 0, 1);
  s.Assign();
  CHECK(s.Did() == Lines{"push 1 to 0"});
  s.Pushed(1, 0);
  CHECK(s.Did() == Lines{"drop 1", "report 1:v3[0,1)"});
}

TEST_CASE("A server that has not heard of the layout yet is called again") {
  WorkStory s;
  s.Layout(5);
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.Pushed(1, 0, Refusal(D::STALE_LAYOUT, 0, 4));
  s.Wait(absl::Seconds(1));
  CHECK(s.Did() == Lines{"push 1 to 0"});
}

TEST_CASE("An answer to an earlier attempt counts for nothing") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.Layout(2);
  s.Assign();
  CHECK(s.Did() == Lines{"push 1 to 0,1"});
  const absl::Status ok;
  s.core.PushAnswer(1, 2, 0, ok, v1::PushResponse::ACCEPTED, s.now);  // attempt 2 was the first push
  s.core.PushAnswer(1, 2, 1, ok, v1::PushResponse::ACCEPTED, s.now);
  CHECK(s.Did() == Lines{});
  s.Layout(1);
  s.Assign();  // an older layout is not gone back to
  CHECK(s.Did() == Lines{});
  CHECK(s.core.layout_epoch() == 2);
}

TEST_CASE("A new generation undoes everything, results that were not told included") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}, {3, 1, 2}, {4, 0, 1}});
  s.UpToPush(1);
  s.Pushed(1, 0);
  s.Pushed(1, 1);
  s.Reported(kNoAnswer);
  s.Did();
  s.assignment.set_state(v1::RECOVERING);
  s.Assign();
  CHECK(s.Did() == Lines{"drop 2", "drop 3"});
  s.Read(2);
  s.Read(3);
  s.Layout(2, 1);
  s.assignment.set_state(v1::TRAINING);
  s.Assign();
  s.Wait(absl::Seconds(2));
  CHECK(s.Did() == Lines{});
  s.NoLease(kNoAnswer);
  s.Wait(absl::Seconds(1));
  CHECK(s.Did() == Lines{"lease"});
  s.Lease({{2, 0, 1}}, 0);
  CHECK(s.Did() == Lines{"lease"});  // of the old generation: not taken
  s.Lease({{2, 0, 1}}, 1);
  CHECK(s.Did().front() == "read 4: v2 [0,1)");
}

TEST_CASE("A lease of a generation that is not known yet waits for its assignment") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}}, 1);
  s.Read(1);
  CHECK(s.Did() == Lines{"lease", "read 1: v3 [0,1)", "lease 1"});
  s.Layout(2, 1);
  s.Assign();
  CHECK(s.Did() == Lines{"pull 1 v3 from 0,1"});
}

TEST_CASE("What is partly applied is computed again part by part, and reported as one") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 2}});
  s.UpToPush(1);
  s.Pushed(1, 0);
  s.Pushed(1, 1, Refusal(D::PARTLY_APPLIED));
  CHECK(s.Did() == Lines{"drop 1", "read 2: v3 [0,1)", "read 3: v3 [1,2)"});
  s.UpToPush(2);
  s.Pushed(2, 0);
  s.Pushed(2, 1);
  s.Read(3);
  s.Pulled(3, 0, Refusal(D::TOO_LATE, 5));
  CHECK(s.Did() == Lines{"drop 2", "pull 3 v3 from 0,1", "drop 3", "report 1:v3[0,2)"});
  CHECK(s.core.units() == 0);
}

TEST_CASE("What is computed again part by part is reported in the order of its parts, whichever is done first") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 2}});
  s.UpToPush(1);
  s.Pushed(1, 0, Refusal(D::PARTLY_APPLIED));
  s.UpToPush(2);
  s.UpToPush(3);
  for (const uint64_t unit : {3, 2}) s.Pushed(unit, 0), s.Pushed(unit, 1);
  const std::vector<WorkEffect> effects = s.core.TakeEffects();
  REQUIRE(std::holds_alternative<Report>(effects.back()));
  const v1::UnitDone& done = std::get<Report>(effects.back()).request.done(0);
  REQUIRE(done.parts_size() == 2);
  CHECK(done.parts(0).part() == 0);
  CHECK(done.parts(1).part() == 1);
}

TEST_CASE("Parameters that are past a unit: all copies have it, what came out is unknown") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 2}});
  s.Read(1);
  s.Did();
  s.Pulled(1, 1, Refusal(D::TOO_LATE, 5));
  const std::vector<WorkEffect> effects = s.core.TakeEffects();
  REQUIRE(effects.size() == 2);
  const v1::UnitDone& done = std::get<Report>(effects[1]).request.done(0);
  CHECK(done.token() == 1);
  CHECK(done.version() == 3);
  REQUIRE(done.parts_size() == 2);
  for (const v1::PartResult& part : done.parts()) {
    CHECK(part.outcome_unknown());
    CHECK(part.samples() == 2);
  }
}

TEST_CASE("A result tells of which lease, generation, batch and version it is, and how long it took") {
  WorkStory s;
  s.Layout(7, 2);
  s.Assign();
  s.Lease({{13, 0, 1}}, 2);
  s.Read(1);
  s.Pulled(1, 0);
  s.Pulled(1, 1);
  v1::UnitDone computed;
  computed.add_parts()->set_part(0);
  computed.set_seconds(0.5);
  s.core.ComputeDone(1, computed, s.now);
  s.Pushed(1, 0);
  s.core.TakeEffects();
  s.Pushed(1, 1);
  const std::vector<WorkEffect> effects = s.core.TakeEffects();
  const v1::UnitDone& done = std::get<Report>(effects.back()).request.done(0);
  CHECK(done.ShortDebugString() ==
        "token: 1 parts { } kind: TRAIN generation: 2 epoch: 1 batch: 3 version: 13 seconds: 0.5");
}

TEST_CASE("A worker that was declared dead stops, and asks to be registered anew") {
  WorkStory s;
  s.Assign();
  s.Lease({{3, 0, 1}});
  s.UpToPush(1);
  s.Pushed(1, 0, Refusal(D::STALE_INCARNATION));
  CHECK(s.Did() == Lines{"drop 1", "fenced"});
  s.Pushed(1, 1);
  s.Lease({{3, 0, 1}});
  s.Wait(absl::Seconds(100));
  CHECK(s.Did() == Lines{});
}

}  // namespace
}  // namespace pumasi
