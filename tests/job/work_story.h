// Tells a WorkCore's story in lines: events go in as calls, what it wants done comes out as text.
#ifndef PUMASI_TESTS_JOB_WORK_STORY_H_
#define PUMASI_TESTS_JOB_WORK_STORY_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "proto/error.pb.h"
#include "worker/job/work_core.h"

namespace pumasi {

// A job of 4 parts a batch and 10 batches an epoch on two servers, replicas: 2; this is worker 11 of 11 and 12.
class WorkStory {
 public:
  using Lines = std::vector<std::string>;

  WorkStory();

  v1::Assignment assignment;
  absl::Duration now;
  WorkCore core;

  // The assignment as it stands.
  void Assign();
  // A layout with this epoch.
  void Layout(uint64_t epoch, uint64_t generation = 0, uint32_t servers = 2);
  // Answers the lease call with train units {version, first part, end part}; tokens count from 1.
  void Lease(const std::vector<std::vector<uint64_t>>& units, uint64_t generation = 0);
  void NoLease(const absl::Status& status = absl::OkStatus());
  void Read(uint64_t unit) { core.ReadDone(unit, absl::OkStatus(), now); }
  // The last attempt's call ended; by default well.
  void Pulled(uint64_t unit, uint32_t server, const absl::Status& status = absl::OkStatus());
  void Computed(uint64_t unit);
  void Pushed(uint64_t unit, uint32_t server, const absl::Status& status = absl::OkStatus());
  void Reported(const absl::Status& status = absl::OkStatus());
  // Goes on to the next deadline and beyond, until so much time is over.
  void Wait(absl::Duration time);
  // Read, pulled and computed: two servers are left to be pushed to.
  void UpToPush(uint64_t unit);

  // What the core wanted since the last call, in a line each:
  //   lease 1,2 | read 1: v3 [0,2) | pull 1 v3 from 0,1 (v3-2: 2 batches may be missing) | compute 1 | push 1 to 0,1 |
  //   drop 1 | fenced | fail: why report 1:v3[0,2)            token, version, parts; a ? behind parts whose outcome is
  //   unknown report back 1               a lease that is given back
  // Of both calls: " own v3[0,1)", parts computed without a lease, and " more" where results are still to come.
  Lines Did();

 private:
  std::string Describe(const WorkEffect& effect);

  uint64_t next_token_ = 1;
  std::map<uint64_t, v1::Lease> leases_;   // by unit
  std::map<uint64_t, uint64_t> attempts_;  // by unit
  uint64_t report_ = 0;
  Lines did_;
};

// A refusal with this reason.
absl::Status Refusal(v1::ErrorDetail::Reason reason, uint64_t version = 0, uint64_t layout_epoch = 0);

}  // namespace pumasi

#endif  // PUMASI_TESTS_JOB_WORK_STORY_H_
