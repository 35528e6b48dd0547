// A ledger as tests drive it.
#ifndef PUMASI_TESTS_SCHEDULER_LEDGER_HAND_H_
#define PUMASI_TESTS_SCHEDULER_LEDGER_HAND_H_

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "scheduler/ledger.h"

namespace pumasi {

inline v1::UnitDone DoneOf(const Ledger::Unit& unit) {
  v1::UnitDone done;
  done.set_token(unit.token);
  for (uint32_t part = unit.parts.first; part < unit.parts.end; ++part) {
    v1::PartResult* result = done.add_parts();
    result->set_part(part);
    result->set_samples(unit.batch * 1000 + part);
  }
  return done;
}

// Each of `workers` workers has an equal share, rounded up.
inline std::vector<Ledger::Unit> Lease(Ledger& ledger, uint64_t worker, uint32_t most, uint32_t workers,
                                       uint64_t* token) {
  const uint32_t share = (ledger.options().parts + workers - 1) / std::max(workers, 1u);
  return ledger.Lease(worker, most, share, token, absl::ZeroDuration());
}

inline Ledger::Taken Done(Ledger& ledger, uint64_t worker, const Ledger::Unit& unit) {
  auto taken = ledger.Done(worker, "w" + std::to_string(worker), unit.batch, DoneOf(unit), absl::ZeroDuration());
  REQUIRE(taken.ok());
  return *taken;
}

inline std::vector<PartRange> RangesOf(const std::vector<Ledger::Unit>& units) {
  std::vector<PartRange> ranges;
  for (const auto& unit : units) ranges.push_back(unit.parts);
  return ranges;
}

}  // namespace pumasi

#endif  // PUMASI_TESTS_SCHEDULER_LEDGER_HAND_H_
