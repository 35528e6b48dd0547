#include "scheduler/worker_speeds.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "scheduler/ledger.h"

namespace pumasi {
namespace {

using Quotas = std::map<uint64_t, uint32_t>;

TEST_CASE("Workers of whom nothing is known, or who are about as fast, share equally") {
  WorkerSpeeds speeds;
  CHECK(speeds.Quotas({}, 4).empty());
  CHECK(speeds.Quotas({1, 2}, 4) == Quotas{{1, 2}, {2, 2}});
  CHECK(speeds.Quotas({1, 2, 3}, 8) == Quotas{{1, 2}, {2, 3}, {3, 3}});
  CHECK(speeds.Quotas({1, 2, 3}, 2) == Quotas{{1, 0}, {2, 1}, {3, 1}});
  speeds.Observe(1, 2, 2.0);
  speeds.Observe(2, 2, 2.2);
  CHECK(speeds.Quotas({1, 2}, 16) == Quotas{{1, 8}, {2, 8}});
}

TEST_CASE("A slow worker gets so much less that all are done at the same time") {
  WorkerSpeeds speeds;
  speeds.Observe(1, 1, 1);
  speeds.Observe(2, 1, 3);
  CHECK(speeds.Quotas({1, 2}, 8) == Quotas{{1, 6}, {2, 2}});
  speeds.Observe(3, 1, 10);
  CHECK(speeds.Quotas({1, 3}, 4) == Quotas{{1, 4}, {3, 0}});
  CHECK(speeds.Quotas({3}, 4) == Quotas{{3, 4}});
  // It recovers.
  for (int i = 0; i < 20; ++i) speeds.Observe(3, 2, 2);
  CHECK(speeds.Quotas({1, 3}, 4) == Quotas{{1, 2}, {3, 2}});
}

TEST_CASE("Times that are none tell nothing") {
  WorkerSpeeds speeds;
  for (const double seconds : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    speeds.Observe(1, 1, seconds);
  }
  speeds.Observe(1, 0, 1);
  CHECK_FALSE(speeds.SecondsPerPart(1));
  CHECK_FALSE(speeds.MeanSecondsPerPart());
}

// A cluster in virtual time: each worker computes its units one after another, none before the batch before is done.
double BatchesPerSecond(const std::vector<double>& seconds_per_part, uint32_t parts) {
  Ledger ledger({0, 400, parts, 4});
  WorkerSpeeds speeds;
  struct Worker {
    std::vector<Ledger::Unit> units;
    double free_at = 0;
  };
  std::vector<Worker> workers(seconds_per_part.size());
  std::vector<uint64_t> names;
  for (size_t i = 0; i < workers.size(); ++i) names.push_back(i + 1);
  uint64_t token = 1;
  double now = 0;
  while (!ledger.complete()) {
    // Everybody asks; then the unit that is done next is told.
    for (size_t i = 0; i < workers.size(); ++i) {
      const uint32_t share = speeds.Quotas(names, parts)[i + 1];
      for (const auto& unit : ledger.Lease(i + 1, 2, share, &token, absl::Seconds(now)))
        workers[i].units.push_back(unit);
    }
    size_t next = workers.size();
    double next_at = 0;
    for (size_t i = 0; i < workers.size(); ++i) {
      if (workers[i].units.empty() || workers[i].units[0].batch != ledger.first_open()) continue;
      const double begin = std::max(workers[i].free_at, absl::ToDoubleSeconds(ledger.opened()));
      const double at = begin + seconds_per_part[i] * workers[i].units[0].parts.size();
      if (next == workers.size() || at < next_at) next = i, next_at = at;
    }
    REQUIRE(next < workers.size());
    now = std::max(now, next_at);
    Worker& worker = workers[next];
    const Ledger::Unit unit = worker.units[0];
    worker.units.erase(worker.units.begin());
    worker.free_at = next_at;
    v1::UnitDone done;
    for (uint32_t part = unit.parts.first; part < unit.parts.end; ++part) done.add_parts()->set_part(part);
    REQUIRE(ledger.Done(std::to_string(next), unit.batch, done, absl::Seconds(now)).ok());
    speeds.Observe(next + 1, unit.parts.size(), seconds_per_part[next] * unit.parts.size());
  }
  return 400 / now;
}

TEST_CASE("One worker at a tenth of the speed does not set the pace") {
  for (const uint32_t parts : {4, 8, 16}) {
    for (const size_t fast : {1, 3}) {
      std::vector<double> seconds(fast, 0.01);
      seconds.push_back(0.1);
      // Parts a second if nobody ever waited, and if each worker is given whole parts.
      const double ideal = (double(fast) + 0.1) / 0.01 / parts;
      const double whole = 1 / (std::ceil(double(parts) / double(fast)) * 0.01);
      CAPTURE(parts, fast, ideal);
      CHECK(BatchesPerSecond(seconds, parts) >= 0.85 * std::min(ideal, whole));
      if (parts % fast == 0) CHECK(BatchesPerSecond(seconds, parts) >= 0.85 * ideal);
    }
  }
}

}  // namespace
}  // namespace pumasi
