#include "worker/job/worker_times.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace pumasi {
namespace {

constexpr uint64_t kSelf = 7, kOther = 8;

absl::Duration At(double seconds) { return absl::Seconds(seconds); }

v1::ServedTime Served(float wait, float apply, float serve, uint64_t last_worker) {
  v1::ServedTime served;
  served.set_wait(wait);
  served.set_apply(apply);
  served.set_serve(serve);
  served.set_last_worker(last_worker);
  return served;
}

// Leased at 1, read at 2, called at 3; the call lasts from 3 to 8: 2 s for the batch, 1 s of apply, 0.5 s of serve and
// 1.5 s on the way; handed over at 9.
UnitTimes Whole(uint64_t last_worker) {
  UnitTimes unit;
  unit.leased = At(1);
  unit.read = At(2);
  unit.called = unit.answer_called = At(3);
  unit.answered = At(8);
  unit.served = Served(3, 1, 0.5, last_worker);
  unit.ready = At(9);
  return unit;
}

void CheckWaits(const v1::Waits& waits, const std::map<std::string, double>& expected) {
  for (const WaitField& field : kWaitFields) {
    CAPTURE(field.name);
    const auto want = expected.find(field.name);
    CHECK((waits.*field.get)() == Approx(want == expected.end() ? 0 : want->second).margin(1e-6));
  }
}

TEST_CASE("A wait is what the unit to be computed next was waiting for at the time") {
  uint64_t whom = 1;
  // All of it, and one second until the thread had it.
  CheckWaits(WaitsOf(At(0), At(10), Whole(kOther), kSelf, &whom),
             {{"lease", 1}, {"read", 1}, {"pull", 2.5}, {"batch", 2}, {"apply", 1}, {"serve", 0.5}, {"push", 1}});
  CHECK(whom == kOther);
  // What passed before the thread was idle is no wait.
  CheckWaits(WaitsOf(At(4), At(10), Whole(kOther), kSelf, &whom),
             {{"pull", 1.5}, {"batch", 1}, {"apply", 1}, {"serve", 0.5}, {"push", 1}});
  CheckWaits(WaitsOf(At(7.5), At(9), Whole(kOther), kSelf, &whom), {{"pull", 0.5}, {"push", 1}});
  CheckWaits(WaitsOf(At(9), At(9.5), Whole(kOther), kSelf, &whom), {});
}

TEST_CASE("A batch that waited for this worker's own gradients waited for its push") {
  uint64_t whom = 1;
  CheckWaits(WaitsOf(At(3), At(9), Whole(kSelf), kSelf, &whom),
             {{"pull", 1.5}, {"push", 3}, {"apply", 1}, {"serve", 0.5}});
  CHECK(whom == 0);
  // Of a server that does not say whose push it was, somebody's.
  CheckWaits(WaitsOf(At(3), At(5), Whole(0), kSelf, &whom), {{"batch", 2}});
  CHECK(whom == 0);
}

TEST_CASE("Calls that were sent back, since the version was not there, waited for the batch") {
  UnitTimes unit = Whole(kOther);
  unit.answer_called = At(6);
  unit.served = Served(1, 0, 0, kOther);
  uint64_t whom = 0;
  CheckWaits(WaitsOf(At(3), At(9), unit, kSelf, &whom), {{"batch", 4}, {"pull", 1}, {"push", 1}});
}

TEST_CASE("A unit whose history is not known was waited for by nobody") {
  uint64_t whom = 0;
  CheckWaits(WaitsOf(At(0), At(5), UnitTimes{}, kSelf, &whom), {});
  UnitTimes old = Whole(kOther);
  old.served = {};  // a server that does not tell
  CheckWaits(WaitsOf(At(0), At(9), old, kSelf, &whom), {{"lease", 1}, {"read", 1}, {"pull", 6}, {"push", 1}});
}

TEST_CASE("Whatever servers tell, waits are not negative and no longer than the time") {
  const uint64_t seed = 20261124;
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::uniform_real_distribution<double> any(-2, 12);
  const float odd[] = {NAN, INFINITY, -INFINITY, -1, 0, 1, 1e30f, 2.5f};
  for (int round = 0; round < 2000; ++round) {
    UnitTimes unit;
    for (UnitTimes::Time* time :
         {&unit.leased, &unit.read, &unit.called, &unit.answer_called, &unit.answered, &unit.ready}) {
      if (random() % 8 > 0) *time = At(any(random));
    }
    unit.served = Served(odd[random() % 8], odd[random() % 8], odd[random() % 8], random() % 9);
    const absl::Duration idle = At(any(random)), busy = idle + At(double(random() % 5));
    uint64_t whom = 0;
    const v1::Waits waits = WaitsOf(idle, busy, unit, kSelf, &whom);
    for (const WaitField& field : kWaitFields) CHECK((waits.*field.get)() >= 0);
    CHECK(SumOf(waits) <= absl::ToDoubleSeconds(busy - idle) + 1e-9);
  }
}

TEST_CASE("All of the thread's time is computing or waiting, from the first unit that it waited for") {
  WorkerTimes times(kSelf, /*trace=*/false);
  CHECK(times.empty());
  v1::TimeUse report;
  times.Take(At(0), &report);
  CHECK(report.ByteSizeLong() == 0);
  times.Begins(At(0), At(10), {}, Whole(kOther));
  times.WasBusy(At(14));
  times.Take(At(14), &report);
  CHECK(report.seconds() == Approx(14));
  CHECK(report.busy() == Approx(5));
  CHECK(SumOf(report.waits()) == Approx(9));
  REQUIRE(report.waited_for_size() == 1);
  CHECK(report.waited_for(0).worker() == kOther);
  CHECK(report.waited_for(0).seconds() == Approx(2));
  CHECK(times.empty());
  // Bookkeeping after a unit is not idle, either.
  times.Begins(At(15), At(15), {}, Whole(kOther));
  times.WasBusy(At(18));
  v1::TimeUse next;
  times.Take(At(18), &next);
  CHECK(next.seconds() == Approx(4));
  CHECK(next.busy() == Approx(4));
  CHECK_FALSE(next.has_waits());
}

TEST_CASE("The total has all that happened, whether it was reported or not") {
  WorkerTimes times(kSelf, false);
  CHECK(times.Total().stages_size() == 0);
  times.Begins(At(0), At(10), {}, Whole(kOther));
  times.Stage(v1::STAGE_COMPUTE, {}, At(10), At(14));
  times.WasBusy(At(14));
  const v1::TimeUse first = times.Total();
  CHECK(first.busy() == Approx(5));
  CHECK(SumOf(first.waits()) == Approx(9));
  v1::TimeUse report;
  times.Take(At(14), &report);
  CHECK(times.Total().SerializeAsString() == first.SerializeAsString());
  times.Begins(At(14), At(14), {}, Whole(kOther));
  times.Stage(v1::STAGE_COMPUTE, {}, At(14), At(15));
  times.WasBusy(At(15));
  const v1::TimeUse total = times.Total();
  CHECK(total.busy() == Approx(6));
  CHECK(total.seconds() == Approx(15));
  REQUIRE(total.stages_size() == 2);  // lease, compute
  CHECK(CountOf(total.stages(1)) == 2);
  CHECK(total.stages(1).seconds() == Approx(5));
}

TEST_CASE("A report of a few units takes no more than a few hundred bytes, and no events without a trace") {
  v1::Lease lease;
  lease.set_kind(v1::EVALUATE);
  lease.set_version(3);
  lease.set_first_part(2);
  lease.set_end_part(4);
  for (const bool trace : {false, true}) {
    WorkerTimes times(kSelf, trace);
    UnitTimes unit = Whole(kOther);
    for (int i = 0; i < 4; ++i) {
      times.Stage(v1::STAGE_READ, lease, At(0), At(0.001));
      times.Pulled(lease, unit);
      times.Begins(At(10 * i), At(10 * i + 10), lease, unit);
      times.Stage(v1::STAGE_COMPUTE, lease, At(10), At(10.1));
      times.Stage(v1::STAGE_PUSH, lease, At(10.1), At(10.2));
    }
    v1::TimeUse report;
    times.Take(At(50), &report);
    CAPTURE(report.DebugString());
    REQUIRE(report.stages_size() == 5);  // LEASE, too
    if (!trace) CHECK(report.ByteSizeLong() < 300);
    CHECK(report.events_size() == (trace ? 17 : 0));
    if (!trace) continue;
    const v1::TraceEvent& pull = report.events(1);
    CHECK(pull.stage() == v1::STAGE_PULL);
    CHECK(pull.begin_micros() == 3000000);
    CHECK(pull.micros() == 5000000);
    CHECK(pull.waited_micros() == 3000000);
    CHECK(pull.version() == 3);
    CHECK(pull.end_part() == 4);
    CHECK(pull.evaluation());
    CHECK(report.clock_micros() == 50000000);
  }
}

}  // namespace
}  // namespace pumasi
