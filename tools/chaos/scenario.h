// Something that is done to a cluster while a job trains on it.
#ifndef PUMASI_TOOLS_CHAOS_SCENARIO_H_
#define PUMASI_TOOLS_CHAOS_SCENARIO_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/chaos/cluster_view.h"
#include "tools/chaos/fault_plan.h"
#include "tools/cli/embedded_cluster.h"
#include "tools/hosts/cluster_hosts.h"

namespace pumasi {

class SmallDisk;

// What was done, and what came of it. Times are seconds since the start of the scenario.
struct ScenarioSeen {
  struct Fault {
    FaultKind kind;
    std::string target;  // a daemon; "disk"
    double at;
    double until;  // when it was undone
  };
  struct Away {
    double from;             // the scheduler was killed
    double until;            // and started again
    double batches_per_s;    // before it was killed
    uint64_t first_version;  // when it was killed
  };
  std::vector<Fault> faults;
  // Daemons that ended by themselves, and were started again.
  int ended_by_themselves = 0;
  // From each start of the scheduler to the first lease that it gave.
  std::vector<double> scheduler_returns;
  // From each restart of all daemons until the cluster was stable; infinite if it was not before it was given up.
  std::vector<double> restarts;
  std::optional<Away> away;
};

// To be used in the main thread (see ChildProcess). Not thread-safe.
class Scenario {
 public:
  // `Say` is given a line without its end for each thing that is done.
  using Say = std::function<void(const std::string&)>;
  struct Stage {
    EmbeddedCluster& cluster;
    ClusterHosts* hosts;  // null: all daemons run right here
    Say say;
    SmallDisk* disk = nullptr;  // of the job's output; null: it has none of its own
  };
  using Make = std::function<std::unique_ptr<Scenario>(const Stage&)>;

  virtual ~Scenario() = default;
  // Does what is due at `now`, in seconds since the start; `view` has the same times. An error: a daemon cannot be
  // started again, or the network not be changed.
  virtual absl::Status Step(double now, const ClusterView& view) = 0;
  // When Step has something to do next; infinite: never.
  virtual double Next() const = 0;
  // Undoes everything: what is stopped goes on, what is dead is started, what is cut off is connected. Nothing is done
  // afterwards.
  virtual absl::Status Heal(double now) = 0;

  const ScenarioSeen& seen() const { return seen_; }

 protected:
  ScenarioSeen seen_;
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_SCENARIO_H_
