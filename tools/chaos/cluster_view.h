// What a cluster's scheduler says about everything at one moment, and what follows from several such views.
#ifndef PUMASI_TOOLS_CHAOS_CLUSTER_VIEW_H_
#define PUMASI_TOOLS_CHAOS_CLUSTER_VIEW_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proto/scheduler.pb.h"

namespace pumasi {

// Times are seconds since some moment, the same for all views.
struct ClusterView {
  double asked = -1;  // before the questions whose answers this is; less than 0: there was no answer yet
  double answered = -1;
  v1::JobStatus job;
  std::vector<v1::NodeStatus> nodes;
  uint64_t leases = 0;  // given in all, for the job
};

// Who was declared dead when. A node that took its leave did not die.
class DeathLog {
 public:
  struct Death {
    std::string node;
    double at;
  };
  // Views in order. Between two of them at most one death of a node is seen.
  void Saw(const ClusterView& view);
  const std::vector<Death>& deaths() const { return deaths_; }

 private:
  struct Last {
    uint64_t incarnation;
    bool alive;
  };
  std::map<std::string, Last> last_;  // by name
  std::vector<Death> deaths_;
};

// How long a scheduler that was started takes until it gives the first new lease.
class ReturnTimer {
 public:
  void Begin(double at);
  bool runs() const { return runs_; }
  // Seconds since Begin, once: at the first view with more leases than the first one that was asked for after Begin, or
  // with a job that needs no more.
  std::optional<double> Saw(const ClusterView& view);

 private:
  bool runs_ = false;
  double began_ = 0;
  std::optional<uint64_t> leases_;
};

// How long a cluster all of whose daemons were started anew takes until all `nodes` are alive, the job trains with all
// its copies, and a batch is done.
class StableTimer {
 public:
  explicit StableTimer(size_t nodes) : nodes_(nodes) {}
  void Begin(double at);
  bool runs() const { return runs_; }
  // Seconds since Begin, once.
  std::optional<double> Saw(const ClusterView& view);
  void Stop() { runs_ = false; }

 private:
  const size_t nodes_;
  bool runs_ = false;
  double began_ = 0;
  std::optional<uint64_t> least_;  // version of the parameters since Begin
};

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_CLUSTER_VIEW_H_
