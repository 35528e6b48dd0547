#include "tools/plan/costs.h"

#include <cmath>

namespace pumasi {
namespace {

// docs/plan.md: "The defaults".
constexpr double kWorkerByte = 1e-9, kServerByte = 1e-9;
constexpr double kLocalWorkerByte = 0.5e-9, kLocalServerByte = 0.5e-9, kOwnByte = 0.75e-9;
constexpr double kApplyFloat = 3e-9;
constexpr double kBusyCompute = 1.05;
constexpr double kCall = 180e-6, kCallCpu = 20e-6, kUnit = 500e-6;

Figure Of(bool given, double stated, double unit, double fallback) {
  return given ? Figure{stated * unit, Origin::kStated} : Figure{fallback, Origin::kDefault};
}

}  // namespace

Costs CostsOf(const v1::StepCosts& stated) {
  Costs costs;
  costs.worker_byte = Of(stated.has_worker_ns_a_byte(), stated.worker_ns_a_byte(), 1e-9, kWorkerByte);
  costs.server_byte = Of(stated.has_server_ns_a_byte(), stated.server_ns_a_byte(), 1e-9, kServerByte);
  costs.local_worker_byte =
      Of(stated.has_local_worker_ns_a_byte(), stated.local_worker_ns_a_byte(), 1e-9, kLocalWorkerByte);
  costs.local_server_byte =
      Of(stated.has_local_server_ns_a_byte(), stated.local_server_ns_a_byte(), 1e-9, kLocalServerByte);
  costs.apply_float = Of(stated.has_apply_ns_a_float(), stated.apply_ns_a_float(), 1e-9, kApplyFloat);
  costs.call = Of(stated.has_call_us(), stated.call_us(), 1e-6, kCall);
  costs.call_cpu = Of(stated.has_call_cpu_us(), stated.call_cpu_us(), 1e-6, kCallCpu);
  costs.unit = Of(stated.has_unit_us(), stated.unit_us(), 1e-6, kUnit);
  costs.own_byte = Of(stated.has_own_ns_a_byte(), stated.own_ns_a_byte(), 1e-9, kOwnByte);
  costs.busy_compute = Of(stated.has_busy_compute(), stated.busy_compute(), 1, kBusyCompute);
  return costs;
}

ComputeTime ComputeTime::Stated(double rows_per_s) {
  ComputeTime time;
  time.points_ = {{1, 1 / rows_per_s}};
  return time;
}

ComputeTime ComputeTime::Measured(std::vector<std::pair<double, double>> seconds_by_rows) {
  ComputeTime time;
  time.points_ = std::move(seconds_by_rows);
  time.origin_ = Origin::kMeasured;
  return time;
}

double ComputeTime::Seconds(double rows) const {
  if (rows <= points_.front().first) return points_.front().second * rows / points_.front().first;
  for (size_t i = 1; i < points_.size(); ++i) {
    const auto& [low, low_s] = points_[i - 1];
    const auto& [high, high_s] = points_[i];
    if (rows > high) continue;
    return low_s * std::pow(high_s / low_s, std::log(rows / low) / std::log(high / low));
  }
  return points_.back().second * rows / points_.back().first;
}

}  // namespace pumasi
