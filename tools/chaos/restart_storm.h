// All daemons of a cluster are killed at once and started again at once, again and again.
#ifndef PUMASI_TOOLS_CHAOS_RESTART_STORM_H_
#define PUMASI_TOOLS_CHAOS_RESTART_STORM_H_

#include <cstdint>
#include <random>

#include "tools/chaos/scenario.h"

namespace pumasi {

// The next restart comes when the cluster is stable again (StableTimer) or was not for 30 s, after a pause that the
// seed draws.
class RestartStorm : public Scenario {
 public:
  struct Options {
    uint64_t seed = 1;
    uint64_t times = 100;
    double pause = 1;  // seconds; each is up to twice that
  };
  RestartStorm(const Stage& stage, const Options& options);

  absl::Status Step(double now, const ClusterView& view) override;
  double Next() const override;
  absl::Status Heal(double now) override;

 private:
  double Pause();

  const Stage stage_;
  const Options options_;
  std::mt19937_64 random_;
  StableTimer stable_;
  double began_ = 0;  // the last restart
  double next_;       // infinite: not before the cluster is stable, or not at all
  uint64_t done_ = 0;
  bool healed_ = false;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_RESTART_STORM_H_
