// What the parts of a step cost, and where each figure comes from.
#ifndef PUMASI_TOOLS_PLAN_COSTS_H_
#define PUMASI_TOOLS_PLAN_COSTS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "proto/cluster.pb.h"

namespace pumasi {

enum class Origin { kMeasured, kStated, kDefault };

struct Figure {
  double value = 0;
  Origin origin = Origin::kDefault;
};

// Seconds, but for the last one.
struct Costs {
  Figure worker_byte;        // of a worker's processor, a byte pulled or pushed over a network
  Figure server_byte;        // of a server's
  Figure local_worker_byte;  // between processes of one machine
  Figure local_server_byte;
  Figure apply_float;  // a float that the optimizer changes
  Figure call;         // an empty call and its answer
  Figure call_cpu;     // processor time of it, on each side
  Figure unit;         // of the scheduler's processor, a unit
  Figure own_byte;     // of a worker's processor, a byte read from slots of its own, or added to them
  // So many times as long as alone computing takes where all cores of a machine compute: they share its caches and its
  // memory, and some of them a physical core.
  Figure busy_compute;
};

// Defaults, those that `stated` gives in their place. docs/plan.md says where the defaults come from.
Costs CostsOf(const v1::StepCosts& stated);

// How long a worker computes, without any exchange, on one machine of speed 1.
class ComputeTime {
 public:
  // Stated: in proportion to rows.
  static ComputeTime Stated(double rows_per_s);
  // Measured at some sizes of parts. Between them by straight lines in logarithms of both; beyond them in proportion.
  // REQUIRES: not empty, ascending rows, times above zero.
  static ComputeTime Measured(std::vector<std::pair<double, double>> seconds_by_rows);

  // Of one part of so many rows.
  double Seconds(double rows) const;
  Origin origin() const { return origin_; }
  const std::vector<std::pair<double, double>>& points() const { return points_; }

 private:
  std::vector<std::pair<double, double>> points_;
  Origin origin_ = Origin::kStated;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_COSTS_H_
