// What the ledger takes beside results of leases: late ones, and work that was done without a scheduler; and second
// leases of units that are late.
#include <catch2/catch.hpp>
#include <string>

#include "common/error_detail.h"
#include "scheduler/ledger.h"
#include "tests/scheduler/ledger_hand.h"

namespace pumasi {
namespace {

absl::Duration At(double seconds) { return absl::Seconds(seconds); }

// Parts [first, end) of a batch.
Ledger::Taken Tell(Ledger& ledger, const std::string& worker, uint64_t batch, uint32_t first, uint32_t end,
                   uint64_t token = 0) {
  v1::UnitDone done;
  done.set_token(token);
  for (uint32_t part = first; part < end; ++part) done.add_parts()->set_part(part);
  auto taken = ledger.Done(std::stoul(worker.substr(1)), worker, batch, done, At(0));
  REQUIRE(taken.ok());
  return *taken;
}

TEST_CASE("Workers that went on alone tell of batches far ahead; these are done once those before them are") {
  Ledger ledger({0, 100, 2, 4});
  for (uint64_t batch = 1; batch < 50; ++batch) {
    CHECK(Tell(ledger, "w1", batch, 0, 1).fresh == 1);
    CHECK(Tell(ledger, "w2", batch, 1, 2).fresh == 1);
  }
  CHECK(ledger.TakeDone().empty());
  CHECK(ledger.first_open() == 0);
  CHECK(Tell(ledger, "w1", 0, 0, 2).fresh == 2);
  CHECK(ledger.first_open() == 50);
  const auto done = ledger.TakeDone();
  REQUIRE(done.size() == 50);
  REQUIRE(done[7].units.size() == 2);
  CHECK(done[7].units[0].worker() == "w1");
  CHECK(done[7].units[1].worker() == "w2");
  CHECK(done[7].units[1].token() == 0);
}

TEST_CASE("What is told of too many batches ahead is forgotten, and may be told or done again") {
  Ledger ledger({0, 1000, 1, 4, 10});
  for (uint64_t batch = 1; batch < 4; ++batch) CHECK(Tell(ledger, "w1", batch, 0, 1).fresh == 1);
  for (uint64_t batch = 4; batch < 14; ++batch) CHECK(Tell(ledger, "w1", batch, 0, 1).fresh == 1);
  const Ledger::Taken beyond = Tell(ledger, "w1", 14, 0, 1);
  CHECK(beyond.fresh == 0);
  CHECK(beyond.repeated == 0);
  CHECK(Tell(ledger, "w1", 2000, 0, 1).fresh == 0);
  CHECK(Tell(ledger, "w1", 0, 0, 1).fresh == 1);
  CHECK(ledger.first_open() == 14);
  CHECK(Tell(ledger, "w1", 14, 0, 1).fresh == 1);
  // The bound holds for what is ahead now, not for what ever was.
  for (uint64_t batch = 19; batch < 29; ++batch) CHECK(Tell(ledger, "w1", batch, 0, 1).fresh == 1);
}

TEST_CASE("A part that is told while its unit is out counts; the rest of the unit counts when it comes") {
  Ledger ledger({0, 1, 4, 1});
  uint64_t token = 1;
  REQUIRE(ledger.Lease(1, 1, 4, &token, At(0)).size() == 1);
  CHECK(Tell(ledger, "w2", 0, 1, 2).fresh == 1);
  CHECK(ledger.Holding() == std::map<uint64_t, uint32_t>{{1, 3}});
  const Ledger::Taken rest = Tell(ledger, "w1", 0, 0, 4, 1);
  CHECK(rest.fresh == 3);
  CHECK(rest.repeated == 1);
  const auto done = ledger.TakeDone();
  REQUIRE(done.size() == 1);
  REQUIRE(done[0].units.size() == 3);
  CHECK(done[0].units[1].worker() == "w2");
  CHECK(done[0].units[2].token() == 1);
}

TEST_CASE("A unit that is out too long is given to an idle worker, too; the first result counts") {
  Ledger ledger({0, 2, 4, 2}, At(0));
  uint64_t token = 1;
  REQUIRE(ledger.Lease(1, 1, 2, &token, At(0)).size() == 1);
  REQUIRE(ledger.Lease(2, 1, 2, &token, At(0.1)).size() == 1);
  const auto late = [&](uint64_t worker, double now) {
    return ledger.LeaseLate(worker, 1, absl::Milliseconds(200), absl::Milliseconds(100), &token, At(now));
  };
  // Two parts may take 400 ms.
  CHECK_FALSE(late(3, 0.4));
  // Who has something to do is not idle.
  CHECK_FALSE(late(2, 0.45));
  const auto copy = late(3, 0.45);
  REQUIRE(copy);
  CHECK(copy->parts == PartRange{0, 2});
  // As many copies as were allowed are out.
  CHECK_FALSE(late(4, 10));
  CHECK(Tell(ledger, "w3", 0, 0, 2, copy->token).fresh == 2);
  CHECK(ledger.leases() == 1);
  CHECK(Tell(ledger, "w1", 0, 0, 2, 1).repeated == 2);
  const auto next = late(4, 10);
  REQUIRE(next);
  CHECK(next->parts == PartRange{2, 4});
  // The worker of the first lease dies: the copy goes on, and nobody else gets the unit.
  ledger.WorkerGone(2);
  CHECK(ledger.Lease(5, 1, 4, &token, At(10))[0].batch == 1);
  ledger.WorkerGone(4);
  CHECK(ledger.Lease(6, 1, 4, &token, At(10))[0].parts == PartRange{2, 4});
}

TEST_CASE("A unit that waits for an earlier batch is not late") {
  Ledger ledger({0, 2, 1, 2}, At(0));
  uint64_t token = 1;
  REQUIRE(ledger.Lease(1, 2, 1, &token, At(0)).size() == 2);
  v1::UnitDone done;
  done.add_parts();
  REQUIRE(ledger.Done(1, "w1", 0, done, At(5)).ok());
  CHECK_FALSE(ledger.LeaseLate(2, 1, absl::Milliseconds(10), absl::Milliseconds(100), &token, At(5.1)));
  CHECK(ledger.LeaseLate(2, 1, absl::Milliseconds(10), absl::Milliseconds(100), &token, At(5.2)));
}

TEST_CASE("A worker whose speed is to be measured gets a copy of the smallest unit that is out") {
  Ledger ledger({0, 1, 8, 1});
  uint64_t token = 1;
  CHECK_FALSE(ledger.LeaseProbe(2, &token, At(0)));
  REQUIRE(ledger.Lease(1, 1, 7, &token, At(0)).size() == 3);
  const auto probe = ledger.LeaseProbe(2, &token, At(0));
  REQUIRE(probe);
  CHECK(probe->parts == PartRange{6, 7});
  CHECK_FALSE(ledger.LeaseProbe(2, &token, At(0)));
}

TEST_CASE(
    "Parts that a worker computes by itself are its own until they are done, not listed any more, or it is gone") {
  const absl::Duration now;
  for (const std::string end : {"done", "not listed", "gone"}) {
    CAPTURE(end);
    Ledger ledger({0, 10, 4, 2});
    uint64_t token = 1;
    const auto mine = Lease(ledger, 1, 1, 4, &token);
    REQUIRE(RangesOf(mine) == std::vector<PartRange>{{0, 1}});
    // Part 0 is worker 1's; batch 12 is none.
    CHECK(ledger.TakeOwn(2, {{0, {0, 2}}, {0, {3, 9}}, {1, {0, 1}}, {12, {0, 1}}}, true, now) == 0);
    CHECK(ledger.leases() == 4);
    CHECK(ledger.Holds(2));
    // The worker does not know of these leases: that it does not name them says nothing.
    CHECK(ledger.KeepOnly(2, {}) == 0);
    CHECK(ledger.TakeOwn(2, {}, false, now) == 0);
    CHECK(RangesOf(Lease(ledger, 1, 9, 1, &token)) == std::vector<PartRange>{{2, 3}, {1, 2}, {2, 4}});
    if (end == "done") {
      CHECK(Done(ledger, 2, {0, 0, {1, 2}}).fresh == 1);
      CHECK(Done(ledger, 2, {0, 0, {3, 4}}).fresh == 1);
      CHECK(ledger.leases() == 5);
      continue;
    }
    if (end == "gone") ledger.WorkerGone(2);
    if (end == "not listed") CHECK(ledger.TakeOwn(2, {{1, {0, 1}}}, true, now) == 2);
    CHECK(RangesOf(Lease(ledger, 3, 1, 1, &token)) == std::vector<PartRange>{{1, 2}, {3, 4}});
  }
}

TEST_CASE("Own parts outlive a restart, and no two have one token") {
  Ledger ledger({0, 10, 4, 2});
  ledger.TakeOwn(2, {{0, {0, 2}}}, true, absl::ZeroDuration());
  ledger.TakeOwn(2, {{0, {1, 2}}}, true, absl::ZeroDuration());
  v1::JobProgressRecord record;
  ledger.Save(&record);
  Ledger next({0, 10, 4, 2});
  next.Restore(record, {}, absl::ZeroDuration());
  CHECK(next.KeepOnly(2, {}) == 0);
  CHECK(next.Holds(2));
  next.TakeOwn(3, {{0, {2, 4}}}, true, absl::ZeroDuration());
  CHECK(next.leases() == 3);
  next.WorkerGone(2);
  CHECK(next.leases() == 2);
}

TEST_CASE("A result with an outcome takes the place of one without, as long as the batch is open") {
  Ledger ledger({0, 1, 2, 1});
  v1::UnitDone unknown = DoneOf({1, 0, {0, 1}});
  unknown.mutable_parts(0)->set_outcome_unknown(true);
  REQUIRE(ledger.Done(1, "w1", 0, unknown, absl::ZeroDuration())->fresh == 1);
  REQUIRE(ledger.Done(2, "w2", 0, DoneOf({2, 0, {0, 1}}), absl::ZeroDuration())->repeated == 1);
  REQUIRE(ledger.Done(1, "w1", 0, unknown, absl::ZeroDuration())->repeated == 1);
  CHECK(ledger.OpenSums().outcome_unknown() == 0);
  REQUIRE(Done(ledger, 1, {3, 0, {1, 2}}).fresh == 1);
  const auto done = ledger.TakeDone();
  REQUIRE(done.size() == 1);
  CHECK_FALSE(done[0].parts[0].outcome_unknown());
  CHECK(done[0].units[0].worker() == "w2");
}

// One part, which `worker` found applied by somebody else.
Ledger::Taken TellApplied(Ledger& ledger, uint64_t worker, uint64_t token, double now) {
  v1::UnitDone unknown = DoneOf({token, 0, {0, 1}});
  unknown.mutable_parts(0)->set_outcome_unknown(true);
  auto taken = ledger.Done(worker, "w" + std::to_string(worker), 0, unknown, At(now));
  REQUIRE(taken.ok());
  return *taken;
}

TEST_CASE("Who finds a unit applied leaves it to the worker that did it to tell what came out") {
  Ledger ledger({0, 1, 1, 1}, At(0));
  uint64_t token = 1;
  const auto late = [&](uint64_t worker, double now) {
    return ledger.LeaseLate(worker, 1, absl::ZeroDuration(), absl::Milliseconds(100), &token, At(now));
  };
  REQUIRE(ledger.Lease(1, 1, 1, &token, At(0)).size() == 1);
  const auto copy = late(2, 1);
  REQUIRE(copy);
  CHECK(TellApplied(ledger, 2, copy->token, 1.1).fresh == 0);
  CHECK_FALSE(ledger.Holds(2));
  CHECK(ledger.Holding() == std::map<uint64_t, uint32_t>{{1, 1}});
  // Another copy would find the same.
  CHECK_FALSE(late(2, 1.2));

  SECTION("it tells") {
    CHECK(Done(ledger, 1, {1, 0, {0, 1}}).fresh == 1);
    CHECK(TellApplied(ledger, 2, copy->token, 1.3).repeated == 1);
    const auto done = ledger.TakeDone();
    REQUIRE(done.size() == 1);
    CHECK_FALSE(done[0].parts[0].outcome_unknown());
    CHECK(done[0].units[0].worker() == "w1");
  }
  SECTION("it dies: whoever has the unit next finds it applied, and nobody knows the outcome") {
    ledger.WorkerGone(1);
    const auto next = ledger.Lease(2, 1, 1, &token, At(1.5));
    REQUIRE(next.size() == 1);
    CHECK(TellApplied(ledger, 2, next[0].token, 1.6).fresh == 1);
    CHECK(ledger.TakeDone().at(0).parts[0].outcome_unknown());
  }
  SECTION("it lives, and nobody else asks") {
    CHECK(ledger.OutcomesDue() == At(4.1));
    ledger.GiveUpOutcomes(At(4));
    CHECK_FALSE(ledger.complete());
    ledger.GiveUpOutcomes(At(4.1));
    CHECK(ledger.OutcomesDue() == absl::InfiniteDuration());
    const auto done = ledger.TakeDone();
    REQUIRE(done.size() == 1);
    CHECK(done[0].parts[0].outcome_unknown());
    CHECK(done[0].units[0].worker() == "w2");
    CHECK(ledger.leases() == 0);
  }
  SECTION("it lives, and does not tell in time") {
    const auto again = late(2, 4.2);
    REQUIRE(again);
    CHECK(TellApplied(ledger, 2, again->token, 4.3).fresh == 1);
    CHECK(ledger.complete());
  }
}

}  // namespace
}  // namespace pumasi
