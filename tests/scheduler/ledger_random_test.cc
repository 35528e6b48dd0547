#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "scheduler/ledger.h"
#include "tests/scheduler/ledger_hand.h"

namespace pumasi {
namespace {

// The ledger as one would keep it on paper: which parts are done, and who has what.
class PaperLedger {
 public:
  PaperLedger(Ledger::Options options) : options_(options) {}

  void Leased(uint64_t worker, const Ledger::Unit& unit, bool copy) {
    REQUIRE(unit.token > last_token_);
    last_token_ = unit.token;
    REQUIRE(unit.batch >= FirstOpen());
    REQUIRE(unit.batch < std::min(options_.end, FirstOpen() + options_.ahead));
    REQUIRE(IsNode(unit.parts, options_.parts));
    for (const auto& [batch, range] : begun_) {
      // Inside every unit that was begun before, or apart from it.
      const bool apart = batch != unit.batch || range.end <= unit.parts.first || unit.parts.end <= range.first;
      const bool inside = range.first <= unit.parts.first && unit.parts.end <= range.end;
      REQUIRE((apart || inside || copy));
    }
    bool original = false;
    for (const auto& [token, lease] : leases_) {
      original = original || (lease.second.batch == unit.batch && lease.second.parts == unit.parts);
    }
    REQUIRE(copy == original);
    for (uint32_t part = unit.parts.first; !copy && part < unit.parts.end; ++part) {
      // To do: neither leased nor done.
      REQUIRE_FALSE(Held(unit.batch, part));
      REQUIRE(done_.count({unit.batch, part}) == 0);
    }
    leases_[unit.token] = {worker, unit};
  }

  uint32_t Done(const Ledger::Unit& unit) {
    uint32_t fresh = 0;
    for (uint32_t part = unit.parts.first; part < unit.parts.end; ++part) {
      fresh += done_.insert({unit.batch, part}).second;
    }
    std::erase_if(leases_, [&](const auto& lease) {
      const Ledger::Unit& leased = lease.second.second;
      for (uint32_t part = leased.parts.first; part < leased.parts.end; ++part) {
        if (!done_.count({leased.batch, part})) return false;
      }
      return true;
    });
    return fresh;
  }

  void Release(uint64_t token) {
    const Ledger::Unit unit = leases_[token].second;
    leases_.erase(token);
    // What is out a second time is not begun anew.
    for (const auto& [other, lease] : leases_) {
      if (lease.second.batch == unit.batch && lease.second.parts == unit.parts) return;
    }
    begun_.push_back({unit.batch, unit.parts});
  }

  bool Holds(uint64_t worker, uint64_t token) const {
    const auto lease = leases_.find(token);
    return lease != leases_.end() && lease->second.first == worker;
  }
  bool Held(uint64_t batch, uint32_t part) const {
    return std::any_of(leases_.begin(), leases_.end(), [&](const auto& lease) {
      const Ledger::Unit& unit = lease.second.second;
      return unit.batch == batch && unit.parts.first <= part && part < unit.parts.end;
    });
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
  std::set<std::pair<uint64_t, uint32_t>> done_;
  std::map<uint64_t, std::pair<uint64_t, Ledger::Unit>> leases_;
  std::vector<std::pair<uint64_t, PartRange>> begun_;
  uint64_t last_token_ = 0;
};

TEST_CASE("Through thousands of random events the ledger is what it would be on paper") {
  const uint32_t seed = GENERATE(range(1, 40));
  std::mt19937_64 random(seed);
  const Ledger::Options options{random() % 5, 5 + random() % 40, static_cast<uint32_t>(1 + random() % 9),
                                static_cast<uint32_t>(1 + random() % 5)};
  CAPTURE(seed, options.first, options.end, options.parts, options.ahead);
  std::optional<Ledger> ledger(options);
  std::map<uint64_t, v1::OpenBatchRecord> records;
  PaperLedger paper(options);
  uint64_t token = 1;
  std::vector<std::pair<uint64_t, Ledger::Unit>> ever;  // every lease there was, with its worker
  uint64_t batches_done = options.first;
  absl::Duration now = absl::Seconds(10);
  for (int event = 0; event < 4000 && !ledger->complete(); ++event) {
    now += absl::Milliseconds(random() % 100);
    const uint64_t worker = 1 + random() % 4;
    const auto tokens = paper.TokensOf(worker);
    const uint32_t kind = random() % 15;
    CAPTURE(event, worker, kind);
    if (kind < 5) {
      const auto most = static_cast<uint32_t>(random() % 6),
                 share = static_cast<uint32_t>(random() % (options.parts + 1)),
                 from = static_cast<uint32_t>(random() % (options.parts + 1));
      const uint64_t first_open = ledger->first_open();
      std::map<uint64_t, uint32_t> before;
      for (uint64_t batch = first_open; batch < options.end; ++batch) before[batch] = paper.PartsHeld(worker, batch);
      for (const auto& unit : ledger->Lease(worker, most, share, &token, now, from)) {
        paper.Leased(worker, unit, false);
        ever.push_back({worker, unit});
        REQUIRE(paper.PartsHeld(worker, unit.batch) <= std::max(share, before[unit.batch]));
        REQUIRE((unit.batch == first_open || paper.TokensOf(worker).size() <= most));
      }
    } else if (kind < 9 && !ever.empty()) {
      // Most often a lease that the worker has; else any that ever was.
      auto [reporter, unit] = ever[random() % ever.size()];
      if (kind < 8 && !tokens.empty()) {
        const uint64_t held = tokens[random() % tokens.size()];
        unit = std::find_if(ever.begin(), ever.end(), [&](const auto& e) { return e.second.token == held; })->second;
      }
      const auto taken = Done(*ledger, reporter, unit);
      REQUIRE(taken.fresh == paper.Done(unit));
      REQUIRE(taken.fresh + taken.repeated == unit.parts.size());
    } else if (kind == 9) {
      ledger->WorkerGone(worker);
      for (const uint64_t held : tokens) paper.Release(held);
    } else if (kind == 10 && !ever.empty()) {
      const uint64_t returned = ever[random() % ever.size()].second.token;
      ledger->Return(worker, returned);
      if (paper.Holds(worker, returned)) paper.Release(returned);
    } else if (kind == 11) {
      std::set<uint64_t> kept;
      for (const uint64_t held : tokens) {
        if (random() % 3 > 0) kept.insert(held);
      }
      ledger->KeepOnly(worker, kept);
      for (const uint64_t held : tokens) {
        if (!kept.count(held)) paper.Release(held);
      }
    } else if (kind == 12) {
      const auto copy = random() % 2
                            ? ledger->LeaseLate(worker, 2, absl::Milliseconds(20), absl::Milliseconds(50), &token, now)
                            : ledger->LeaseProbe(worker, &token, now);
      if (copy) {
        paper.Leased(worker, *copy, true);
        REQUIRE(tokens.empty());
        ever.push_back({worker, *copy});
      }
    } else if (kind == 13) {
      // A worker did a part by itself, without a lease.
      const Ledger::Unit unit{0, options.first + random() % (options.end - options.first), {}};
      const auto part = static_cast<uint32_t>(random() % options.parts);
      const Ledger::Unit one{0, unit.batch, {part, part + 1}};
      REQUIRE(Done(*ledger, worker, one).fresh == paper.Done(one));
    } else if (kind == 14) {
      // Another ledger goes on with its records.
      for (const auto& [batch, record] : ledger->TakeChangedBatches()) {
        records.erase(batch);
        if (record) records[batch] = *record;
      }
      for (const auto& done : ledger->TakeDone()) REQUIRE(done.batch == batches_done++);
      v1::JobProgressRecord record;
      ledger->Save(&record);
      const auto holding = ledger->Holding();
      ledger.emplace(options, now);
      ledger->Restore(record, records, now);
      REQUIRE(ledger->Holding() == holding);
    }
    REQUIRE(ledger->leases() == paper.leases());
    REQUIRE(ledger->first_open() == paper.FirstOpen());
    for (const auto& done : ledger->TakeDone()) {
      REQUIRE(done.batch == batches_done);
      ++batches_done;
      REQUIRE(done.parts.size() == options.parts);
      uint32_t audited = 0;
      for (const auto& unit : done.units) {
        REQUIRE(unit.first_part() == audited);
        audited = unit.end_part();
      }
      REQUIRE(audited == options.parts);
      for (uint32_t part = 0; part < options.parts; ++part) {
        REQUIRE(done.parts[part].part() == part);
        REQUIRE(done.parts[part].samples() == done.batch * 1000 + part);
      }
    }
  }
  CHECK(ledger->complete());
  CHECK(batches_done == options.end);
  CHECK(paper.parts_done() == (options.end - options.first) * options.parts);
}

}  // namespace
}  // namespace pumasi
