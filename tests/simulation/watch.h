// What the nodes of a simulation show to whoever checks the promises (tests/simulation/invariants.h).
#ifndef PUMASI_TESTS_SIMULATION_WATCH_H_
#define PUMASI_TESTS_SIMULATION_WATCH_H_

#include <string>

#include "proto/scheduler.pb.h"
#include "scheduler/job_run.h"
#include "tests/simulation/made_up_work.h"

namespace pumasi {
class Cluster;
class Files;
}  // namespace pumasi

namespace pumasi::sim {

class Network;
class ServerNode;
class Node;

class Watch {
 public:
  virtual ~Watch() = default;
  // A server did something.
  virtual void ServerChanged(ServerNode& server) = 0;
  // A worker computes a part with these parameters.
  virtual void Computes(const Node& worker, uint64_t generation, uint64_t version, PartRange parts,
                        const Parameters& seen) = 0;
  // A worker is about to report a unit.
  virtual void Reports(const Node& worker, const v1::UnitDone& done) = 0;
  // The scheduler did something.
  virtual void SchedulerChanged(Cluster& cluster) = 0;
  // A checkpoint got its name.
  virtual void CheckpointCompleted(const std::string& output, const JobRun::FinishCheckpoint& checkpoint) = 0;
};

// What every node lives in.
struct Surroundings {
  World& world;
  Network& network;
  Files& files;
  const Scenario& scenario;
  Watch& watch;
};

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_WATCH_H_
