#include "scheduler/ledger.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/error_detail.h"
#include "tests/scheduler/ledger_hand.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

TEST_CASE("Units have no more parts than they may") {
  Ledger ledger({.first = 0, .end = 4, .parts = 8, .ahead = 2, .most_parts = 1});
  uint64_t token = 1;
  const auto units = ledger.Lease(7, 6, 4, &token, absl::ZeroDuration());
  CHECK(units.size() == 6);
  for (const Ledger::Unit& unit : units) CHECK(unit.parts.size() == 1);
}

TEST_CASE("Two workers get half of each batch, in one unit") {
  Ledger ledger({0, 10, 4, 2});
  uint64_t token = 1;
  const auto a = Lease(ledger, 1, 2, 2, &token), b = Lease(ledger, 2, 2, 2, &token);
  REQUIRE(a.size() == 2);
  CHECK(a[0].batch == 0);
  CHECK(a[1].batch == 1);
  CHECK(RangesOf(a) == std::vector<PartRange>{{0, 2}, {0, 2}});
  CHECK(RangesOf(b) == std::vector<PartRange>{{2, 4}, {2, 4}});
  CHECK(token == 5);
}

TEST_CASE("A worker with a place of its own gets what is to do from there on, then what is before it") {
  Ledger ledger({0, 10, 8, 2});
  uint64_t token = 1;
  const auto lease = [&](uint64_t worker, uint32_t share, uint32_t from) {
    return ledger.Lease(worker, 2, share, &token, absl::ZeroDuration(), from);
  };
  // Whoever comes first.
  CHECK(RangesOf(lease(2, 4, 4)) == std::vector<PartRange>{{4, 8}, {4, 8}});
  CHECK(RangesOf(lease(1, 4, 0)) == std::vector<PartRange>{{0, 4}, {0, 4}});
  Ledger other({0, 1, 8, 1});
  const auto first = other.Lease(3, 9, 2, &token, absl::ZeroDuration(), 6);
  REQUIRE(RangesOf(first) == std::vector<PartRange>{{6, 8}});
  Done(other, 3, first[0]);
  // Its own are done: a fast worker goes on with those of others.
  CHECK(RangesOf(other.Lease(3, 9, 2, &token, absl::ZeroDuration(), 6)) == std::vector<PartRange>{{0, 2}});
  CHECK(RangesOf(other.Lease(4, 9, 3, &token, absl::ZeroDuration(), 3)) == std::vector<PartRange>{{3, 4}, {4, 6}});
  CHECK(RangesOf(other.Lease(5, 9, 8, &token, absl::ZeroDuration(), 8)) == std::vector<PartRange>{{2, 3}});
}

TEST_CASE("Where workers have shares of their own, nobody gets what is another's") {
  Ledger ledger({0, 10, 8, 3});
  uint64_t token = 1;
  const auto lease = [&](uint64_t worker, uint32_t most, PartRange share) {
    return ledger.LeaseShare(worker, most, share, &token, absl::ZeroDuration());
  };
  // As few nodes as make up the share; of the first open batch beyond `most`.
  CHECK(RangesOf(lease(1, 1, {2, 5})) == std::vector<PartRange>{{2, 4}, {4, 5}});
  CHECK(lease(1, 1, {2, 5}).empty());
  const auto ahead = lease(1, 4, {2, 5});
  CHECK(RangesOf(ahead) == std::vector<PartRange>{{2, 4}, {4, 5}});
  CHECK(ahead[0].batch == 1);
  CHECK(lease(2, 4, {5, 5}).empty());
  CHECK(RangesOf(lease(2, 1, {5, 8})) == std::vector<PartRange>{{5, 6}, {6, 8}});
  // A dead worker's parts are of others' shares; what these hold already stays theirs.
  ledger.WorkerGone(1);
  CHECK(RangesOf(lease(2, 1, {4, 8})) == std::vector<PartRange>{{4, 5}});
  CHECK(RangesOf(lease(3, 1, {0, 4})) == std::vector<PartRange>{{0, 2}, {2, 4}});
}

TEST_CASE("A worker that asks early does not take what the other could compute at the same time") {
  Ledger ledger({0, 1, 4, 1});
  uint64_t token = 1;
  CHECK(RangesOf(Lease(ledger, 1, 10, 2, &token)) == std::vector<PartRange>{{0, 2}});
  CHECK(Lease(ledger, 1, 10, 2, &token).empty());
}

TEST_CASE("A fast worker gets more: what it has done does not count") {
  Ledger ledger({0, 1, 8, 1});
  uint64_t token = 1;
  const auto first = Lease(ledger, 1, 10, 4, &token);
  REQUIRE(RangesOf(first) == std::vector<PartRange>{{0, 2}});
  REQUIRE(Done(ledger, 1, first[0]).repeated == 0);
  CHECK(RangesOf(Lease(ledger, 1, 10, 4, &token)) == std::vector<PartRange>{{2, 4}});
}

TEST_CASE("Parts that do not divide evenly are shared out all the same") {
  Ledger ledger({0, 1, 5, 1});
  uint64_t token = 1;
  CHECK(RangesOf(Lease(ledger, 1, 10, 2, &token)) == std::vector<PartRange>{{0, 2}, {2, 3}});
  CHECK(RangesOf(Lease(ledger, 2, 10, 2, &token)) == std::vector<PartRange>{{3, 4}, {4, 5}});
  Ledger alone({0, 1, 5, 1});
  CHECK(RangesOf(Lease(alone, 1, 10, 1, &token)) == std::vector<PartRange>{{0, 4}, {4, 5}});
}

TEST_CASE("With more workers than parts, each part goes to one of them") {
  Ledger ledger({0, 1, 2, 1});
  uint64_t token = 1;
  CHECK(RangesOf(Lease(ledger, 1, 10, 7, &token)) == std::vector<PartRange>{{0, 1}});
  CHECK(RangesOf(Lease(ledger, 2, 10, 7, &token)) == std::vector<PartRange>{{1, 2}});
  CHECK(Lease(ledger, 3, 10, 7, &token).empty());
}

TEST_CASE("No batch is leased further ahead than was said") {
  Ledger ledger({0, 100, 2, 4});
  uint64_t token = 1;
  const auto units = Lease(ledger, 1, 50, 1, &token);
  REQUIRE(units.size() == 4);
  CHECK(units.back().batch == 3);
  REQUIRE(Done(ledger, 1, units[1]).repeated == 0);
  CHECK(Lease(ledger, 1, 50, 1, &token).empty());
  REQUIRE(Done(ledger, 1, units[0]).repeated == 0);
  const auto more = Lease(ledger, 1, 50, 1, &token);
  REQUIRE(more.size() == 2);
  CHECK(more[0].batch == 4);
  CHECK(more[1].batch == 5);
}

TEST_CASE("A worker that holds enough still gets its share of the batch that all wait for") {
  Ledger ledger({0, 100, 4, 4});
  uint64_t token = 1;
  const auto a = Lease(ledger, 1, 3, 2, &token);
  REQUIRE(Lease(ledger, 2, 3, 2, &token).size() == 3);
  REQUIRE(a.size() == 3);
  REQUIRE(Done(ledger, 1, a[0]).repeated == 0);
  ledger.WorkerGone(2);
  // Worker 1 holds 2 of 2; batch 0 is what it waits for.
  const auto more = Lease(ledger, 1, 2, 1, &token);
  REQUIRE_FALSE(more.empty());
  for (const auto& unit : more) CHECK(unit.batch == 0);
}

TEST_CASE("A dead worker's units go to others; what it had done counts whoever tells it first") {
  Ledger ledger({0, 1, 4, 1});
  uint64_t token = 1;
  const auto a = Lease(ledger, 1, 10, 2, &token);
  const auto b = Lease(ledger, 2, 10, 2, &token);
  ledger.WorkerGone(1);
  const auto again = Lease(ledger, 2, 10, 1, &token);
  REQUIRE(RangesOf(again) == std::vector<PartRange>{{0, 2}});
  // A late report of the lease that ended: that it is done is a fact.
  CHECK(Done(ledger, 1, a[0]).fresh == 2);
  CHECK(Done(ledger, 2, again[0]).repeated == 2);
  CHECK(Done(ledger, 1, a[0]).repeated == 2);
  CHECK_FALSE(ledger.complete());
  REQUIRE(Done(ledger, 2, b[0]).fresh == 2);
  CHECK(ledger.complete());
  CHECK(Done(ledger, 2, b[0]).repeated == 2);
}

// A server that has applied some of a unit's parts, and not others, could not take the unit. So a unit that a dead
// worker may have pushed to some servers is never made part of a larger one.
TEST_CASE("A unit that was begun is leased again as it was, or in pieces, but never as part of a larger one") {
  Ledger ledger({0, 1, 8, 1});
  uint64_t token = 1;
  const auto a = Lease(ledger, 1, 10, 4, &token);
  REQUIRE(RangesOf(a) == std::vector<PartRange>{{0, 2}});
  SECTION("when its worker died") { ledger.WorkerGone(1); }
  SECTION("when its worker gave it back") { ledger.Return(1, a[0].token); }
  SECTION("when its worker never got it") { ledger.KeepOnly(1, {}); }
  CHECK(RangesOf(Lease(ledger, 2, 10, 1, &token)) == std::vector<PartRange>{{0, 2}, {2, 4}, {4, 8}});
  ledger.WorkerGone(2);
  CHECK(RangesOf(Lease(ledger, 3, 10, 8, &token)) == std::vector<PartRange>{{0, 1}});
  ledger.WorkerGone(3);
  CHECK(RangesOf(Lease(ledger, 4, 10, 1, &token)) == std::vector<PartRange>{{0, 1}, {1, 2}, {2, 4}, {4, 8}});
}

TEST_CASE("A lease that is given back, or that never arrived, is leased again; others stay") {
  Ledger ledger({0, 4, 2, 4});
  uint64_t token = 1;
  const auto units = Lease(ledger, 1, 3, 1, &token);
  REQUIRE(units.size() == 3);
  ledger.Return(2, units[0].token);  // not its own
  CHECK(ledger.leases() == 3);
  ledger.Return(1, units[0].token);
  CHECK(ledger.leases() == 2);
  ledger.KeepOnly(1, {units[2].token});
  CHECK(ledger.leases() == 1);
  ledger.KeepOnly(2, {});
  CHECK(ledger.leases() == 1);
  CHECK(Done(ledger, 1, units[2]).fresh == 2);
  CHECK(ledger.leases() == 0);
}

TEST_CASE("A result of parts that are no node of the tree is refused") {
  Ledger ledger({0, 1, 4, 1});
  uint64_t token = 1;
  const auto units = Lease(ledger, 1, 10, 2, &token);
  const auto reason = [&](const v1::UnitDone& done) {
    return ReasonOf(ledger.Done(1, "w1", 0, done, absl::ZeroDuration()).status());
  };
  v1::UnitDone done = DoneOf(units[0]);
  CHECK(reason(v1::UnitDone()) == D::MALFORMED);
  done.add_parts()->set_part(2);
  CHECK(reason(done) == D::MALFORMED);
  done.mutable_parts()->RemoveLast();
  done.mutable_parts(1)->set_part(7);
  CHECK(reason(done) == D::MALFORMED);
  done.mutable_parts(0)->set_part(1);
  done.mutable_parts(1)->set_part(2);
  CHECK(reason(done) == D::MALFORMED);
  done.mutable_parts(0)->set_part(4);
  done.mutable_parts()->RemoveLast();
  CHECK(reason(done) == D::MALFORMED);
  CHECK(Done(ledger, 1, units[0]).fresh == 2);
}

TEST_CASE("Batches become done in order, with their parts in order") {
  Ledger ledger({5, 7, 2, 2});
  uint64_t token = 1;
  const auto a = Lease(ledger, 1, 10, 2, &token), b = Lease(ledger, 2, 10, 2, &token);
  REQUIRE(Done(ledger, 1, a[1]).repeated == 0);
  REQUIRE(Done(ledger, 2, b[1]).repeated == 0);
  CHECK(ledger.TakeDone().empty());
  CHECK(ledger.first_open() == 5);
  REQUIRE(Done(ledger, 2, b[0]).repeated == 0);
  REQUIRE(Done(ledger, 1, a[0]).repeated == 0);
  const auto done = ledger.TakeDone();
  REQUIRE(done.size() == 2);
  CHECK(done[0].batch == 5);
  CHECK(done[1].batch == 6);
  REQUIRE(done[0].parts.size() == 2);
  CHECK(done[0].parts[0].samples() == 5000);
  CHECK(done[0].parts[1].samples() == 5001);
  CHECK(ledger.complete());
  CHECK(ledger.TakeDone().empty());
}

TEST_CASE("Holding says who has parts of the batch that all wait for") {
  Ledger ledger({0, 2, 4, 2});
  uint64_t token = 1;
  CHECK(ledger.Holding() == std::map<uint64_t, uint32_t>{{0, 4}});
  const auto a = Lease(ledger, 1, 10, 4, &token);
  Lease(ledger, 2, 10, 2, &token);
  CHECK(ledger.Holding() == std::map<uint64_t, uint32_t>{{0, 1}, {1, 1}, {2, 2}});
  REQUIRE(Done(ledger, 1, a[0]).repeated == 0);
  CHECK(ledger.Holding() == std::map<uint64_t, uint32_t>{{0, 1}, {2, 2}});
}

}  // namespace
}  // namespace pumasi
