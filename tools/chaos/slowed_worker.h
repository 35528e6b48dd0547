// A worker that has a share of the time of the others.
#ifndef PUMASI_TOOLS_CHAOS_SLOWED_WORKER_H_
#define PUMASI_TOOLS_CHAOS_SLOWED_WORKER_H_

#include <optional>
#include <string>

#include "tools/chaos/duty_cycle.h"
#include "tools/chaos/scenario.h"

namespace pumasi {

// Stopped (SIGSTOP) and continued many times a second, all of it: computing, reading, talking. So it is as slow as on a
// slower machine, whatever else runs here.
class SlowedWorker : public Scenario {
 public:
  SlowedWorker(const Stage& stage, std::string name, double share)
      : stage_(stage), name_(std::move(name)), share_(share) {}

  absl::Status Step(double now, const ClusterView& view) override;
  double Next() const override;
  absl::Status Heal(double now) override;

 private:
  absl::Status Set(bool runs);

  const Stage stage_;
  const std::string name_;
  const double share_;
  std::optional<DutyCycle> cycle_;
  bool runs_ = true, healed_ = false;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_SLOWED_WORKER_H_
