#include "scheduler/ledger.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "common/error_detail.h"

namespace pumasi {
namespace {

using D = v1::ErrorDetail;

v1::UnitDone DoneOf(const Ledger::Unit& unit) {
  v1::UnitDone done;
  done.set_token(unit.token);
  for (uint32_t part = unit.parts.first; part < unit.parts.end; ++part) {
    v1::PartResult* result = done.add_parts();
    result->set_part(part);
    result->set_samples(unit.batch * 1000 + part);
  }
  return done;
}

std::vector<PartRange> RangesOf(const std::vector<Ledger::Unit>& units) {
  std::vector<PartRange> ranges;
  for (const auto& unit : units) ranges.push_back(unit.parts);
  return ranges;
}

TEST_CASE("Two workers get half of each batch, in one unit") {
  Ledger ledger({0, 10, 4, 2});
  uint64_t token = 1;
  const auto a = ledger.Lease(1, 2, 2, &token), b = ledger.Lease(2, 2, 2, &token);
  REQUIRE(a.size() == 2);
  CHECK(a[0].batch == 0);
  CHECK(a[1].batch == 1);
  CHECK(RangesOf(a) == std::vector<PartRange>{{0, 2}, {0, 2}});
  CHECK(RangesOf(b) == std::vector<PartRange>{{2, 4}, {2, 4}});
  CHECK(token == 5);
}

TEST_CASE("A worker that asks early does not take what the other could compute at the same time") {
  Ledger ledger({0, 1, 4, 1});
  uint64_t token = 1;
  CHECK(RangesOf(ledger.Lease(1, 10, 2, &token)) == std::vector<PartRange>{{0, 2}});
  CHECK(ledger.Lease(1, 10, 2, &token).empty());
}

TEST_CASE("A fast worker gets more: what it has done does not count") {
  Ledger ledger({0, 1, 8, 1});
  uint64_t token = 1;
  const auto first = ledger.Lease(1, 10, 4, &token);
  REQUIRE(RangesOf(first) == std::vector<PartRange>{{0, 2}});
  REQUIRE(ledger.Done(1, DoneOf(first[0])).ok());
  CHECK(RangesOf(ledger.Lease(1, 10, 4, &token)) == std::vector<PartRange>{{2, 4}});
}

TEST_CASE("Parts that do not divide evenly are shared out all the same") {
  Ledger ledger({0, 1, 5, 1});
  uint64_t token = 1;
  CHECK(RangesOf(ledger.Lease(1, 10, 2, &token)) == std::vector<PartRange>{{0, 2}, {2, 3}});
  CHECK(RangesOf(ledger.Lease(2, 10, 2, &token)) == std::vector<PartRange>{{3, 4}, {4, 5}});
  Ledger alone({0, 1, 5, 1});
  CHECK(RangesOf(alone.Lease(1, 10, 1, &token)) == std::vector<PartRange>{{0, 4}, {4, 5}});
}

TEST_CASE("With more workers than parts, each part goes to one of them") {
  Ledger ledger({0, 1, 2, 1});
  uint64_t token = 1;
  CHECK(RangesOf(ledger.Lease(1, 10, 7, &token)) == std::vector<PartRange>{{0, 1}});
  CHECK(RangesOf(ledger.Lease(2, 10, 7, &token)) == std::vector<PartRange>{{1, 2}});
  CHECK(ledger.Lease(3, 10, 7, &token).empty());
}

TEST_CASE("No batch is leased further ahead than was said") {
  Ledger ledger({0, 100, 2, 4});
  uint64_t token = 1;
  const auto units = ledger.Lease(1, 50, 1, &token);
  REQUIRE(units.size() == 4);
  CHECK(units.back().batch == 3);
  REQUIRE(ledger.Done(1, DoneOf(units[1])).ok());
  CHECK(ledger.Lease(1, 50, 1, &token).empty());
  REQUIRE(ledger.Done(1, DoneOf(units[0])).ok());
  const auto more = ledger.Lease(1, 50, 1, &token);
  REQUIRE(more.size() == 2);
  CHECK(more[0].batch == 4);
  CHECK(more[1].batch == 5);
}

TEST_CASE("A worker that holds enough still gets its share of the batch that all wait for") {
  Ledger ledger({0, 100, 4, 4});
  uint64_t token = 1;
  const auto a = ledger.Lease(1, 3, 2, &token);
  REQUIRE(ledger.Lease(2, 3, 2, &token).size() == 3);
  REQUIRE(a.size() == 3);
  REQUIRE(ledger.Done(1, DoneOf(a[0])).ok());
  ledger.WorkerGone(2);
  // Worker 1 holds 2 of 2; batch 0 is what it waits for.
  const auto more = ledger.Lease(1, 2, 1, &token);
  REQUIRE_FALSE(more.empty());
  for (const auto& unit : more) CHECK(unit.batch == 0);
}

TEST_CASE("A dead worker's units go to others, and its late results count for nothing") {
  Ledger ledger({0, 1, 4, 1});
  uint64_t token = 1;
  const auto a = ledger.Lease(1, 10, 2, &token);
  const auto b = ledger.Lease(2, 10, 2, &token);
  ledger.WorkerGone(1);
  CHECK(ReasonOf(ledger.Done(1, DoneOf(a[0]))) == D::STALE_LEASE);
  const auto again = ledger.Lease(2, 10, 1, &token);
  REQUIRE(RangesOf(again) == std::vector<PartRange>{{0, 2}});
  // Nor can another worker report for a lease that is not its own.
  CHECK(ReasonOf(ledger.Done(1, DoneOf(again[0]))) == D::STALE_LEASE);
  REQUIRE(ledger.Done(2, DoneOf(again[0])).ok());
  CHECK(ReasonOf(ledger.Done(2, DoneOf(again[0]))) == D::STALE_LEASE);
  CHECK_FALSE(ledger.complete());
  REQUIRE(ledger.Done(2, DoneOf(b[0])).ok());
  CHECK(ledger.complete());
}

// A server that has applied some of a unit's parts, and not others, could not take the unit. So a unit that a dead
// worker may have pushed to some servers is never made part of a larger one.
TEST_CASE("A unit that was begun is leased again as it was, or in pieces, but never as part of a larger one") {
  Ledger ledger({0, 1, 8, 1});
  uint64_t token = 1;
  const auto a = ledger.Lease(1, 10, 4, &token);
  REQUIRE(RangesOf(a) == std::vector<PartRange>{{0, 2}});
  SECTION("when its worker died") { ledger.WorkerGone(1); }
  SECTION("when its worker gave it back") { ledger.Return(1, a[0].token); }
  SECTION("when its worker never got it") { ledger.KeepOnly(1, {}); }
  CHECK(RangesOf(ledger.Lease(2, 10, 1, &token)) == std::vector<PartRange>{{0, 2}, {2, 4}, {4, 8}});
  ledger.WorkerGone(2);
  CHECK(RangesOf(ledger.Lease(3, 10, 8, &token)) == std::vector<PartRange>{{0, 1}});
  ledger.WorkerGone(3);
  CHECK(RangesOf(ledger.Lease(4, 10, 1, &token)) == std::vector<PartRange>{{0, 1}, {1, 2}, {2, 4}, {4, 8}});
}

TEST_CASE("A lease that is given back, or that never arrived, is leased again; others stay") {
  Ledger ledger({0, 4, 2, 4});
  uint64_t token = 1;
  const auto units = ledger.Lease(1, 3, 1, &token);
  REQUIRE(units.size() == 3);
  ledger.Return(2, units[0].token);  // not its own
  CHECK(ledger.leases() == 3);
  ledger.Return(1, units[0].token);
  CHECK(ledger.leases() == 2);
  ledger.KeepOnly(1, {units[2].token});
  CHECK(ledger.leases() == 1);
  ledger.KeepOnly(2, {});
  CHECK(ledger.leases() == 1);
  CHECK(ReasonOf(ledger.Done(1, DoneOf(units[1]))) == D::STALE_LEASE);
  CHECK(ledger.Done(1, DoneOf(units[2])).ok());
}

TEST_CASE("A result of other parts than the lease's is refused") {
  Ledger ledger({0, 1, 4, 1});
  uint64_t token = 1;
  const auto units = ledger.Lease(1, 10, 2, &token);
  v1::UnitDone done = DoneOf(units[0]);
  done.mutable_parts()->RemoveLast();
  CHECK(ReasonOf(ledger.Done(1, done)) == D::MALFORMED);
  done.add_parts()->set_part(7);
  CHECK(ReasonOf(ledger.Done(1, done)) == D::MALFORMED);
  done.mutable_parts(1)->set_part(1);
  CHECK(ledger.Done(1, done).ok());
}

TEST_CASE("Batches become done in order, with their parts in order") {
  Ledger ledger({5, 7, 2, 2});
  uint64_t token = 1;
  const auto a = ledger.Lease(1, 10, 2, &token), b = ledger.Lease(2, 10, 2, &token);
  REQUIRE(ledger.Done(1, DoneOf(a[1])).ok());
  REQUIRE(ledger.Done(2, DoneOf(b[1])).ok());
  CHECK(ledger.TakeDone().empty());
  CHECK(ledger.first_open() == 5);
  REQUIRE(ledger.Done(2, DoneOf(b[0])).ok());
  REQUIRE(ledger.Done(1, DoneOf(a[0])).ok());
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
  const auto a = ledger.Lease(1, 10, 4, &token);
  ledger.Lease(2, 10, 2, &token);
  CHECK(ledger.Holding() == std::map<uint64_t, uint32_t>{{0, 1}, {1, 1}, {2, 2}});
  REQUIRE(ledger.Done(1, DoneOf(a[0])).ok());
  CHECK(ledger.Holding() == std::map<uint64_t, uint32_t>{{0, 1}, {2, 2}});
}

// The ledger as one would keep it on paper: each part of each batch, and who has it.
class PaperLedger {
 public:
  PaperLedger(Ledger::Options options) : options_(options) {}

  void Leased(uint64_t worker, const Ledger::Unit& unit) {
    REQUIRE(unit.token > last_token_);
    last_token_ = unit.token;
    REQUIRE(unit.batch >= FirstOpen());
    REQUIRE(unit.batch < std::min(options_.end, FirstOpen() + options_.ahead));
    REQUIRE(IsNode(unit.parts, options_.parts));
    for (const auto& [batch, range] : begun_) {
      // Inside every unit that was begun before, or apart from it.
      const bool apart = batch != unit.batch || range.end <= unit.parts.first || unit.parts.end <= range.first;
      const bool inside = range.first <= unit.parts.first && unit.parts.end <= range.end;
      REQUIRE((apart || inside));
    }
    for (uint32_t part = unit.parts.first; part < unit.parts.end; ++part) {
      // Todo: neither leased nor done.
      REQUIRE(holder_.count({unit.batch, part}) == 0);
      REQUIRE(done_.count({unit.batch, part}) == 0);
      holder_[{unit.batch, part}] = unit.token;
    }
    leases_[unit.token] = {worker, unit};
  }

  bool Done(uint64_t worker, const Ledger::Unit& unit) {
    if (!Holds(worker, unit.token)) return false;
    for (uint32_t part = unit.parts.first; part < unit.parts.end; ++part) {
      holder_.erase({unit.batch, part});
      REQUIRE(done_.insert({unit.batch, part}).second);
    }
    leases_.erase(unit.token);
    return true;
  }

  void Release(uint64_t token) {
    const Ledger::Unit unit = leases_[token].second;
    begun_.push_back({unit.batch, unit.parts});
    for (uint32_t part = unit.parts.first; part < unit.parts.end; ++part) holder_.erase({unit.batch, part});
    leases_.erase(token);
  }

  bool Holds(uint64_t worker, uint64_t token) const {
    const auto lease = leases_.find(token);
    return lease != leases_.end() && lease->second.first == worker;
  }

  std::vector<uint64_t> TokensOf(uint64_t worker) const {
    std::vector<uint64_t> tokens;
    for (const auto& [token, lease] : leases_) {
      if (lease.first == worker) tokens.push_back(token);
    }
    return tokens;
  }

  uint32_t PartsHeld(uint64_t worker, uint64_t batch) const {
    uint32_t parts = 0;
    for (const auto& [token, lease] : leases_) {
      if (lease.first == worker && lease.second.batch == batch) parts += lease.second.parts.size();
    }
    return parts;
  }

  uint64_t FirstOpen() const {
    uint64_t batch = options_.first;
    while (batch < options_.end && AllDone(batch)) ++batch;
    return batch;
  }

  size_t leases() const { return leases_.size(); }
  size_t parts_done() const { return done_.size(); }

 private:
  bool AllDone(uint64_t batch) const {
    for (uint32_t part = 0; part < options_.parts; ++part) {
      if (!done_.count({batch, part})) return false;
    }
    return true;
  }

  const Ledger::Options options_;
  std::map<std::pair<uint64_t, uint32_t>, uint64_t> holder_;  // token by (batch, part)
  std::set<std::pair<uint64_t, uint32_t>> done_;
  std::map<uint64_t, std::pair<uint64_t, Ledger::Unit>> leases_;
  std::vector<std::pair<uint64_t, PartRange>> begun_;
  uint64_t last_token_ = 0;
};

TEST_CASE("Through thousands of random events the ledger is what it would be on paper") {
  const uint32_t seed = GENERATE(range(1, 25));
  std::mt19937_64 random(seed);
  const Ledger::Options options{random() % 5, 5 + random() % 40, static_cast<uint32_t>(1 + random() % 9),
                                static_cast<uint32_t>(1 + random() % 5)};
  CAPTURE(seed, options.first, options.end, options.parts, options.ahead);
  Ledger ledger(options);
  PaperLedger paper(options);
  uint64_t token = 1;
  std::vector<std::pair<uint64_t, Ledger::Unit>> ever;  // every lease there was, with its worker
  uint64_t batches_done = options.first;
  for (int event = 0; event < 4000 && !ledger.complete(); ++event) {
    const uint64_t worker = 1 + random() % 4;
    const auto tokens = paper.TokensOf(worker);
    const uint32_t kind = random() % 12;
    CAPTURE(event, worker, kind);
    if (kind < 5) {
      const auto most = static_cast<uint32_t>(random() % 6), workers = static_cast<uint32_t>(random() % 6);
      const uint64_t first_open = ledger.first_open();
      const uint32_t share = (options.parts + std::max(workers, 1u) - 1) / std::max(workers, 1u);
      const uint32_t held_before = paper.PartsHeld(worker, first_open);
      for (const auto& unit : ledger.Lease(worker, most, workers, &token)) {
        paper.Leased(worker, unit);
        ever.push_back({worker, unit});
        REQUIRE(paper.PartsHeld(worker, unit.batch) <= std::max(share, held_before));
        REQUIRE((unit.batch == first_open || paper.TokensOf(worker).size() <= most));
      }
    } else if (kind < 9 && !ever.empty()) {
      // Most often a lease that the worker has; else any that ever was, mostly stale, reported by its worker or by
      // another.
      auto [reporter, unit] = ever[random() % ever.size()];
      if (kind < 8 && !tokens.empty()) {
        const uint64_t held = tokens[random() % tokens.size()];
        unit = std::find_if(ever.begin(), ever.end(), [&](const auto& e) { return e.second.token == held; })->second;
        reporter = worker;
      }
      if (random() % 10 == 0) reporter = worker;
      REQUIRE(ledger.Done(reporter, DoneOf(unit)).ok() == paper.Done(reporter, unit));
    } else if (kind == 9) {
      ledger.WorkerGone(worker);
      for (const uint64_t held : tokens) paper.Release(held);
    } else if (kind == 10 && !ever.empty()) {
      const uint64_t returned = ever[random() % ever.size()].second.token;
      ledger.Return(worker, returned);
      if (paper.Holds(worker, returned)) paper.Release(returned);
    } else if (kind == 11) {
      std::set<uint64_t> kept;
      for (const uint64_t held : tokens) {
        if (random() % 3 > 0) kept.insert(held);
      }
      ledger.KeepOnly(worker, kept);
      for (const uint64_t held : tokens) {
        if (!kept.count(held)) paper.Release(held);
      }
    }
    REQUIRE(ledger.leases() == paper.leases());
    REQUIRE(ledger.first_open() == paper.FirstOpen());
    for (const auto& done : ledger.TakeDone()) {
      REQUIRE(done.batch == batches_done);
      ++batches_done;
      REQUIRE(done.parts.size() == options.parts);
      for (uint32_t part = 0; part < options.parts; ++part) {
        REQUIRE(done.parts[part].part() == part);
        REQUIRE(done.parts[part].samples() == done.batch * 1000 + part);
      }
    }
    uint32_t holding = 0;
    for (const auto& [holder, parts] : ledger.Holding()) holding += parts;
    if (!ledger.complete()) REQUIRE(holding <= options.parts);
  }
  CHECK(ledger.complete());
  CHECK(batches_done == options.end);
  CHECK(paper.parts_done() == (options.end - options.first) * options.parts);
}

}  // namespace
}  // namespace pumasi
