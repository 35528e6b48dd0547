// The bad days of a simulation: what goes wrong, when, and how it ends.
#ifndef PUMASI_TESTS_SIMULATION_FAULTS_H_
#define PUMASI_TESTS_SIMULATION_FAULTS_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/simulation/client_node.h"
#include "tests/simulation/scheduler_node.h"
#include "tests/simulation/server_node.h"
#include "tests/simulation/worker_node.h"

namespace pumasi::sim {

// The disk that servers and scheduler share.
struct DiskTrouble {
  enum Kind { kFull, kFailsToSync, kReadsBadly, kAny };
  std::function<void()> lose_power;
  // After SimFiles::StopAfter: a process died, the machine did not.
  std::function<void()> go_on;
  std::function<void(Random&, Kind)> fail;
  std::function<void()> mend;
};

class Faults {
 public:
  struct Cluster {
    SchedulerNode& scheduler;
    ClientNode& client;
    std::vector<ServerNode*> servers;  // those at the start, then those that may join
    std::vector<WorkerNode*> workers;
    DiskTrouble disk;
  };
  Faults(const Surroundings& around, Cluster cluster);

  // Draws what happens until the fault phase ends.
  void Schedule();
  // Everything goes well from now on.
  void Heal();

  // What happened, by kind.
  const std::map<std::string, uint64_t>& counts() const { return counts_; }

 private:
  // `happen` at random moments, `per_ten_seconds` of them on average.
  void Plan(const char* kind, double per_ten_seconds, std::function<void()> happen);
  Nanos Length(Nanos longest);
  std::vector<MemberNode*> Members() const;
  template <typename T>
  T& AnyOf(const std::vector<T*>& nodes) {
    return *nodes[random_.Below(nodes.size())];
  }
  void Kill(Node& node, Nanos restart_within, bool restart = true);
  void StartLater(Node& node, Nanos within);
  void Partition();
  void Blackout();
  void FailDisk(DiskTrouble::Kind kind, Nanos length);
  void LoseServers();
  void HalfPush();
  void StopWhenFinishing();
  void Drain();
  void Leave();
  void Join();

  const Surroundings around_;
  World& world_;
  Cluster cluster_;
  Random random_;
  bool healed_ = false;
  uint64_t disk_failures_ = 0;
  std::map<std::string, uint64_t> counts_;
  std::vector<Node*> nodes_;  // all that run processes but the client
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_FAULTS_H_
