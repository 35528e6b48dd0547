// The machines that a job may run on, and which of them get what.
#ifndef PUMASI_TOOLS_PLAN_MACHINES_H_
#define PUMASI_TOOLS_PLAN_MACHINES_H_

#include <cstdint>
#include <vector>

#include "proto/cluster.pb.h"

namespace pumasi {

// Machines of one kind.
struct MachineGroup {
  uint32_t count = 1;
  double cores = 1;
  double memory = 0;  // bytes of one
  double link = 0;    // bytes a second of one, each way; 0: no limit
  double speed = 1;   // of one core
  bool workers = true;
  bool servers = true;
};

// REQUIRES: the rules of proto/cluster.proto hold.
std::vector<MachineGroup> GroupsOf(const v1::Cluster& cluster);

// Machines of one group that have the same load.
struct Spot {
  const MachineGroup* group = nullptr;
  double machines = 0;
  // On each of them.
  uint32_t workers = 0;
  uint32_t servers = 0;
};

// Spreads workers over groups by their cores and speed, then servers by the cores that workers leave; inside a group
// all machines get as many as the others, or one more, and workers and servers keep apart as far as they can.
// `worker_cores`: that one worker computes with. Empty: there is no machine for the one or the other. Spots without
// load are left out; they point into `groups`.
std::vector<Spot> Place(const std::vector<MachineGroup>& groups, uint32_t workers, uint32_t servers,
                        double worker_cores);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_MACHINES_H_
