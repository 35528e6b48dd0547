// The scheduler is killed, and is back only after a while.
#ifndef PUMASI_TOOLS_CHAOS_SCHEDULER_AWAY_H_
#define PUMASI_TOOLS_CHAOS_SCHEDULER_AWAY_H_

#include "tools/chaos/scenario.h"

namespace pumasi {

// Killed after 3 s of training, in which its speed is measured.
class SchedulerAway : public Scenario {
 public:
  SchedulerAway(const Stage& stage, double seconds) : stage_(stage), seconds_(seconds) {}

  absl::Status Step(double now, const ClusterView& view) override;
  double Next() const override;
  absl::Status Heal(double now) override;

 private:
  absl::Status Start(double now);

  enum class Phase { kMeasures, kAway, kReturns, kOver };
  const Stage stage_;
  const double seconds_;
  Phase phase_ = Phase::kMeasures;
  double first_at_ = -1;  // of the first view
  uint64_t first_version_ = 0;
  ReturnTimer timer_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_SCHEDULER_AWAY_H_
