// What a job wants its scheduler's shell to do with files.
#ifndef PUMASI_SCHEDULER_JOB_WISHES_H_
#define PUMASI_SCHEDULER_JOB_WISHES_H_

#include <cstdint>
#include <string>

#include "proto/checkpoint.pb.h"

namespace pumasi {

struct FinishCheckpoint {
  std::string folder;     // in the output folder; holds the shard files
  std::string name;       // what it shall be called
  v1::Manifest manifest;  // without assets and hash
  bool final = false;
  uint32_t keep = 0;  // checkpoints on the way that may stay
  // The complete checkpoint that deltas among the shards follow, as a name in the output folder; empty: none is a
  // delta.
  std::string base;
  // Folder of the job's log of applied gradients, absolute; empty: none is kept. Once the job would go on from this
  // checkpoint (JobRun::GoesOnFrom), what the log holds before it may go; after the final one all of it.
  std::string log;
};

// How far the log of applied gradients reaches. To be found out with no event kept waiting, and answered by
// JobRun::LogRead.
struct LogQuestion {
  uint64_t number = 0;
  std::string folder;          // absolute; may not be there
  uint64_t first_version = 0;  // a record of this version is the first one of interest
  uint32_t slots = 0;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_JOB_WISHES_H_
