// Does to the daemons of a local cluster what a plan says, and undoes it in time.
#ifndef PUMASI_TOOLS_CHAOS_DISTURBER_H_
#define PUMASI_TOOLS_CHAOS_DISTURBER_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "tools/chaos/fault_plan.h"
#include "tools/chaos/scenario.h"

namespace pumasi {

// Signals go to the cluster's own processes alone.
class Disturber : public Scenario {
 public:
  // The stage has hosts if the plan has faults of the network, and a disk if it has faults of that.
  Disturber(const Stage& stage, FaultPlan plan);

  absl::Status Step(double now, const ClusterView& view) override;
  double Next() const override;
  absl::Status Heal(double now) override;

 private:
  struct Hurt {
    FaultKind kind;
    double until;
    size_t entry;          // of seen_.faults
    double toggle = 0;     // kSlow: when it is stopped, or goes on, next
    bool stopped = false;  // kSlow
  };

  absl::Status Begin(const Fault& fault, double now);
  absl::Status BeginOnDisk(const Fault& fault, double now);
  absl::Status BeginOnNetwork(const Fault& fault, const std::string& name, std::string* what);
  absl::Status End(const std::string& name, const Hurt& hurt, double now);
  absl::Status RestartEnded(double now);
  absl::Status Restart(const std::string& name, double now);
  void Signal(const std::string& name, int signal);
  void Report(double now, const std::string& what);
  // What was done to `name`; `what`: the same, with more of it.
  void Begun(const Fault& fault, const std::string& name, const std::string& what, double now);

  const Stage stage_;
  FaultPlan plan_;
  Fault next_;
  bool healed_ = false;
  std::map<std::string, Hurt> hurt_;  // by daemon; "disk"
  ReturnTimer scheduler_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_DISTURBER_H_
