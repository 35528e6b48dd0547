#include "ops/gate_activation.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <vector>

#include "ops/recurrent_reference.h"

namespace pumasi {
namespace {

template <typename Gate>
void CheckGate(GateActivation gate) {
  for (double x = -5; x <= 5; x += 0.0625) {
    CAPTURE(x);
    const float y = Gate::Value(static_cast<float>(x));
    CHECK(y == Approx(reference::Gate(gate, x)).margin(1e-6));
    // Corners have no slope.
    if (std::fabs(std::fabs(x) - 3) < 0.01 || std::fabs(std::fabs(x) - 2.5) < 0.01) continue;
    const double step = 1e-6;
    const double slope = (reference::Gate(gate, x + step) - reference::Gate(gate, x - step)) / (2 * step);
    CHECK(Gate::Slope(y) == Approx(slope).margin(1e-6));
  }
  CHECK(std::isnan(Gate::Value(NAN)));
}

TEST_CASE("Gates and their slopes are those of the formulas; NaN stays NaN") {
  CheckGate<SigmoidGate>(GateActivation::kSigmoid);
  CheckGate<HardSigmoidGate>(GateActivation::kHardSigmoid);
  CheckGate<HardSigmoidKeras2Gate>(GateActivation::kHardSigmoidKeras2);
  CHECK(HardSigmoidGate::Value(-4.0f) == 0.0f);
  CHECK(HardSigmoidGate::Value(INFINITY) == 1.0f);
  CHECK(HardSigmoidKeras2Gate::Value(-INFINITY) == 0.0f);
}

}  // namespace
}  // namespace pumasi
