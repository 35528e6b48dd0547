// Does to the daemons of a local cluster what a plan says, and undoes it in time.
#ifndef PUMASI_TOOLS_CHAOS_DISTURBER_H_
#define PUMASI_TOOLS_CHAOS_DISTURBER_H_

#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "tools/chaos/fault_plan.h"
#include "tools/cli/embedded_cluster.h"

namespace pumasi {

// Signals go to the cluster's own processes alone. Use it in the main thread (see ChildProcess). Not thread-safe.
class Disturber {
 public:
  // `say` is given a line without its end for each thing that is done.
  using Say = std::function<void(const std::string&)>;
  Disturber(EmbeddedCluster& cluster, FaultPlan plan, Say say);

  // Does what is due at `now`, in seconds since the start of the faults. An error: a daemon cannot be started again.
  absl::Status Step(double now);
  // When Step has something to do next.
  double Next() const;
  // Undoes everything: what is stopped goes on, what is dead is started. No fault comes afterwards.
  absl::Status Heal(double now);

  // How many of each kind were done.
  const std::map<FaultKind, int>& done() const { return done_; }
  // Daemons that ended by themselves, and were started again.
  int ended_by_themselves() const { return ended_by_themselves_; }

 private:
  struct Hurt {
    FaultKind kind;
    double until;
    double toggle = 0;     // kSlow: when it is stopped, or goes on, next
    bool stopped = false;  // kSlow
  };

  void Begin(const Fault& fault, double now);
  absl::Status End(const std::string& name, const Hurt& hurt, double now);
  absl::Status RestartEnded(double now);
  void Signal(const std::string& name, int signal);
  void Report(double now, const std::string& what);

  EmbeddedCluster& cluster_;
  FaultPlan plan_;
  const Say say_;
  Fault next_;
  bool healed_ = false;
  std::map<std::string, Hurt> hurt_;  // by daemon
  std::map<FaultKind, int> done_;
  int ended_by_themselves_ = 0;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_DISTURBER_H_
