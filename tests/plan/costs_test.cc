#include "tools/plan/costs.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace pumasi {
namespace {

TEST_CASE("What is stated takes the place of defaults, and says so") {
  v1::StepCosts stated;
  stated.set_call_us(250);
  stated.set_worker_ns_a_byte(2);
  const Costs costs = CostsOf(stated);
  CHECK(costs.call.value == Approx(250e-6));
  CHECK(costs.call.origin == Origin::kStated);
  CHECK(costs.worker_byte.value == Approx(2e-9));
  CHECK(costs.server_byte.origin == Origin::kDefault);
  CHECK(costs.server_byte.value > 0);
  CHECK(costs.own_byte.value > 0);
  CHECK(costs.busy_compute.origin == Origin::kDefault);
  CHECK(costs.busy_compute.value >= 1);
  stated.set_busy_compute(1.5);
  CHECK(CostsOf(stated).busy_compute.value == 1.5);
}

TEST_CASE("Computing goes through what was measured, never falls with rows, and is proportional beyond") {
  const ComputeTime time = ComputeTime::Measured({{1, 0.004}, {4, 0.008}, {16, 0.020}});
  CHECK(time.Seconds(1) == Approx(0.004));
  CHECK(time.Seconds(4) == Approx(0.008));
  CHECK(time.Seconds(16) == Approx(0.020));
  CHECK(time.Seconds(2) == Approx(0.004 * std::sqrt(2.0)));
  CHECK(time.Seconds(0.5) == Approx(0.002));
  CHECK(time.Seconds(64) == Approx(0.080));
  for (double rows = 0.5; rows < 100; rows *= 1.3) CHECK(time.Seconds(rows * 1.3) > time.Seconds(rows));
  CHECK(ComputeTime::Stated(800).Seconds(64) == Approx(0.08));
}

}  // namespace
}  // namespace pumasi
