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

// Computing alone, with no overhead that could be measured.
void Observe(WorkerSpeeds& speeds, uint64_t worker, uint32_t parts, double seconds) {
  speeds.Done(worker, 0, parts, seconds, absl::ZeroDuration(), absl::ZeroDuration());
}

TEST_CASE("Workers of whom nothing is known, or who are about as fast, share equally") {
  WorkerSpeeds speeds;
  CHECK(speeds.Quotas({}, 4).empty());
  CHECK(speeds.Quotas({1, 2}, 4) == Quotas{{1, 2}, {2, 2}});
  CHECK(speeds.Quotas({1, 2, 3}, 8) == Quotas{{1, 2}, {2, 3}, {3, 3}});
  CHECK(speeds.Quotas({1, 2, 3}, 2) == Quotas{{1, 0}, {2, 1}, {3, 1}});
  Observe(speeds, 1, 2, 2.0);
  Observe(speeds, 2, 2, 2.2);
  CHECK(speeds.Quotas({1, 2}, 16) == Quotas{{1, 8}, {2, 8}});
}

TEST_CASE("A slow worker gets so much less that all are done at the same time") {
  WorkerSpeeds speeds;
  Observe(speeds, 1, 1, 1);
  Observe(speeds, 2, 1, 3);
  CHECK(speeds.Quotas({1, 2}, 8) == Quotas{{1, 6}, {2, 2}});
  Observe(speeds, 3, 1, 10);
  CHECK(speeds.Quotas({1, 3}, 4) == Quotas{{1, 4}, {3, 0}});
  CHECK(speeds.Quotas({3}, 4) == Quotas{{3, 4}});
  // It recovers.
  for (int i = 0; i < 20; ++i) Observe(speeds, 3, 2, 2);
  CHECK(speeds.Quotas({1, 3}, 4) == Quotas{{1, 2}, {3, 2}});
}

TEST_CASE("A worker with several devices gets parts for all of them, as far as there are enough") {
  WorkerSpeeds speeds;
  speeds.SetDevices(1, 4);
  speeds.SetDevices(3, 0);
  CHECK(speeds.Quotas({1}, 4) == Quotas{{1, 4}});
  CHECK(speeds.Quotas({1, 2}, 10) == Quotas{{1, 8}, {2, 2}});
  CHECK(speeds.Quotas({1, 2}, 5) == Quotas{{1, 4}, {2, 1}});
  CHECK(speeds.Quotas({1, 2, 3}, 6) == Quotas{{1, 4}, {2, 1}, {3, 1}});
  CHECK(speeds.Quotas({1, 2}, 0) == Quotas{{1, 0}, {2, 0}});
  speeds.SetDevices(2, 4);
  CHECK(speeds.Quotas({1, 2}, 16) == Quotas{{1, 8}, {2, 8}});
  CHECK(speeds.Quotas({1, 2}, 4) == Quotas{{1, 2}, {2, 2}});
  speeds.SetDevices(2, ~0u);
  CHECK(speeds.Quotas({1, 2}, 8)[2] >= 7);
  speeds.Forget(1);
  speeds.Forget(2);
  CHECK(speeds.Quotas({1, 2}, 8) == Quotas{{1, 4}, {2, 4}});
}

TEST_CASE("What several devices compute side by side counts as one part's time; later speeds decide") {
  WorkerSpeeds speeds;
  speeds.SetDevices(1, 4);
  Observe(speeds, 1, 4, 1);
  CHECK(speeds.SecondsPerPart(1) == 1.0);
  Observe(speeds, 1, 1, 1);
  Observe(speeds, 1, 6, 2);
  CHECK(speeds.SecondsPerPart(1) == 1.0);
  // Worker 2 has one device that is as fast as each of those.
  Observe(speeds, 2, 1, 1);
  CHECK(speeds.Quotas({1, 2}, 10) == Quotas{{1, 8}, {2, 2}});
  // One that is as fast as all of them.
  for (int i = 0; i < 30; ++i) Observe(speeds, 2, 4, 1);
  CHECK(speeds.Quotas({1, 2}, 8) == Quotas{{1, 4}, {2, 4}});
  // Devices that share what there is of a machine: it computes no faster than with one.
  for (int i = 0; i < 30; ++i) Observe(speeds, 1, 4, 4);
  CHECK(speeds.Quotas({1, 2}, 20) == Quotas{{1, 4}, {2, 16}});
}

TEST_CASE("Times that are none tell nothing") {
  WorkerSpeeds speeds;
  for (const double seconds : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    Observe(speeds, 1, 1, seconds);
  }
  Observe(speeds, 1, 0, 1);
  CHECK_FALSE(speeds.SecondsPerPart(1));
  CHECK_FALSE(speeds.MeanSecondsPerPart());
}

// A worker of whose batches each takes the overhead and so long for each part.
void Batches(WorkerSpeeds& speeds, uint64_t worker, int count, uint32_t parts, double overhead, double one) {
  static uint64_t batch = 0;
  absl::Duration now;
  for (int i = 0; i < count; ++i) {
    speeds.Leased(worker, ++batch, now);
    const absl::Duration opened = now + absl::Seconds(1);  // leased ahead
    now = opened + absl::Seconds(overhead + one * parts);
    speeds.Done(worker, batch, parts, one * parts, opened, now);
  }
}

TEST_CASE("What a batch takes beyond its parts counts, too") {
  WorkerSpeeds speeds;
  Batches(speeds, 1, 10, 8, 0.01, 0.01);
  CHECK(std::abs(speeds.Overhead(1).value() - 0.01) < 1e-9);
  // Whoever needs longer for its first part than the others for all of them gets none.
  Batches(speeds, 2, 10, 8, 0.2, 0.01);
  CHECK(speeds.Quotas({1, 2}, 16) == Quotas{{1, 16}, {2, 0}});
  // One stall is none of its own doing.
  Batches(speeds, 1, 2, 8, 3, 0.01);
  CHECK(std::abs(speeds.Overhead(1).value() - 0.01) < 1e-9);
  // Nothing is known of its overhead: it is not taken to be slow.
  Observe(speeds, 3, 1, 0.01);
  CHECK_FALSE(speeds.Overhead(3));
  CHECK(speeds.Quotas({1, 3}, 16) == Quotas{{1, 8}, {3, 8}});
  // It recovers.
  Batches(speeds, 2, 3, 1, 0.01, 0.01);
  CHECK(speeds.Quotas({1, 2}, 16) == Quotas{{1, 8}, {2, 8}});
  speeds.Forget(2);
  CHECK_FALSE(speeds.Overhead(2));
}

TEST_CASE("A unit of which it is told before its batch is known to have begun has no overhead") {
  WorkerSpeeds speeds;
  speeds.Leased(1, 5, absl::Seconds(1));
  speeds.Done(1, 5, 1, 0.5, /*opened=*/absl::Seconds(9), /*now=*/absl::Seconds(9));
  CHECK(speeds.Overhead(1) == 0);
  // A copy of a unit that others had done meanwhile counts from its lease.
  speeds.Leased(1, 6, absl::Seconds(10));
  speeds.Done(1, 6, 1, 0.5, -absl::InfiniteDuration(), absl::Seconds(12));
  speeds.Leased(1, 7, absl::Seconds(13));
  speeds.Done(1, 7, 1, 0.5, -absl::InfiniteDuration(), absl::Seconds(15));
  CHECK(speeds.Overhead(1) == 1.5);
}

// A cluster in virtual time: each worker computes its units one after another, none before the batch before is done.
// `overheads`: seconds, by worker, that pass before it begins with a batch. Counted once their speeds are known.
double BatchesPerSecond(const std::vector<double>& seconds_per_part, const std::vector<double>& overheads,
                        uint32_t parts) {
  Ledger ledger({0, 400, parts, 4});
  WorkerSpeeds speeds;
  struct Worker {
    std::vector<Ledger::Unit> units;
    double free_at = 0;
    uint64_t begun = ~uint64_t{0};  // the batch that it last pulled
  };
  std::vector<Worker> workers(seconds_per_part.size());
  std::vector<uint64_t> names;
  for (size_t i = 0; i < workers.size(); ++i) names.push_back(i + 1);
  uint64_t token = 1;
  double now = 0, known_at = 0;
  while (!ledger.complete()) {
    // Everybody asks; then the unit that is done next is told.
    for (size_t i = 0; i < workers.size(); ++i) {
      const uint32_t share = speeds.Quotas(names, parts)[i + 1];
      for (const auto& unit : ledger.Lease(i + 1, 2, share, &token, absl::Seconds(now))) {
        workers[i].units.push_back(unit);
        speeds.Leased(i + 1, unit.batch, absl::Seconds(now));
      }
    }
    size_t next = workers.size();
    double next_at = 0;
    for (size_t i = 0; i < workers.size(); ++i) {
      if (workers[i].units.empty() || workers[i].units[0].batch != ledger.first_open()) continue;
      const double begin = std::max(workers[i].free_at, absl::ToDoubleSeconds(ledger.opened()));
      const double pull = workers[i].begun == ledger.first_open() ? 0 : overheads[i];
      const double at = begin + pull + seconds_per_part[i] * workers[i].units[0].parts.size();
      if (next == workers.size() || at < next_at) next = i, next_at = at;
    }
    REQUIRE(next < workers.size());
    now = std::max(now, next_at);
    Worker& worker = workers[next];
    const Ledger::Unit unit = worker.units[0];
    worker.units.erase(worker.units.begin());
    worker.free_at = next_at;
    worker.begun = unit.batch;
    const absl::Duration opened = ledger.opened();
    v1::UnitDone done;
    for (uint32_t part = unit.parts.first; part < unit.parts.end; ++part) done.add_parts()->set_part(part);
    REQUIRE(ledger.Done(next + 1, std::to_string(next), unit.batch, done, absl::Seconds(now)).ok());
    speeds.Done(next + 1, unit.batch, unit.parts.size(), seconds_per_part[next] * unit.parts.size(), opened,
                absl::Seconds(now));
    if (ledger.first_open() <= 100) known_at = now;
  }
  return 300 / (now - known_at);
}

TEST_CASE("One worker at a tenth of the speed does not set the pace") {
  for (const uint32_t parts : {4, 8, 16}) {
    for (const size_t fast : {1, 3}) {
      for (const double overhead : {0.0, 0.002, 0.02}) {
        std::vector<double> seconds(fast, 0.01), overheads(fast, overhead);
        const double alone = BatchesPerSecond(seconds, overheads, parts);
        seconds.push_back(0.1);
        overheads.push_back(10 * overhead);
        // Parts a second if nobody ever waited, and if each worker is given whole parts.
        const double ideal = alone + BatchesPerSecond({0.1}, {10 * overhead}, parts);
        const double whole = 1 / (overhead + std::ceil(double(parts) / double(fast)) * 0.01);
        CAPTURE(parts, fast, overhead, alone, ideal);
        const double together = BatchesPerSecond(seconds, overheads, parts);
        CHECK(together >= 0.85 * std::min(ideal, whole));
        if (parts % fast == 0) CHECK(together >= 0.85 * ideal);
        // Nor would it do better without it.
        CHECK(together >= 0.97 * alone);
      }
    }
  }
}

}  // namespace
}  // namespace pumasi
