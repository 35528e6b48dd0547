// Which nodes a job needs to hold its slots, by its mode, and what messages call them. Pure functions.
#ifndef PUMASI_SCHEDULER_JOB_HOLDERS_H_
#define PUMASI_SCHEDULER_JOB_HOLDERS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/job_mode.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// How many nodes there are, or have to be, that may hold slots.
struct SlotHolders {
  uint32_t servers = 0, workers = 0;

  bool Reach(const SlotHolders& want) const { return servers >= want.servers && workers >= want.workers; }
  // "1 of 2 are there", of each kind that is wanted.
  std::string OutOf(const SlotHolders& want) const;
};

SlotHolders CountHolders(const std::vector<v1::Node>& nodes);

// So many have to be there before tables are made. `servers`: that the job asks for; one is needed at least, where
// servers hold slots at all. Of workers one is enough: others join.
SlotHolders WantedHolders(const v1::Job& job, uint32_t servers);

// What the nodes are of which `replicas` speaks: "server" or "worker".
std::string HolderKind(const v1::Job& job);
// "servers", "workers" or "servers and workers".
std::string HoldersInWords(const v1::Job& job);
// How a message goes on that says how many are there.
std::string WaitsForHolders(const v1::Job& job);

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_JOB_HOLDERS_H_
