// What a worker does without a scheduler: its share of each batch's parts, from the first batch on that is not known to
// be applied, to the end of the epoch. All workers of the job know the same list, so together they do all parts, each
// by one of them.
#ifndef PUMASI_WORKER_JOB_OWN_SHARE_H_
#define PUMASI_WORKER_JOB_OWN_SHARE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "common/layout/batch_plan.h"
#include "common/layout/part_range.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// Not thread-safe.
class OwnShare {
 public:
  // Batches that may be begun before the one in progress is applied: reading ahead.
  static constexpr uint64_t kAhead = 4;

  // The worker's place among those of the job; a worker that is not among them has no share. `staleness`: of the job
  // (common/consistency.h), so many batches more.
  void SetWorkers(const std::vector<uint64_t>& workers, uint64_t incarnation, const BatchPlan& plan,
                  uint64_t staleness = 0);
  // Forgets all but the workers: nothing is known to be applied.
  void Reset();

  // A lease of this generation: says which epoch is being trained, and its learning rates. One of an evaluation says
  // that the epoch is over.
  void Leased(const v1::Lease& lease);
  // All batches before `version` are applied on every server.
  void Applied(uint64_t version);
  // This worker has these parts in work, or has done them.
  void Has(uint64_t version, PartRange parts);
  // It gave them back.
  void HasNot(uint64_t version, PartRange parts);

  // The first part of the share that the worker does not have, as a lease without a token; nothing: not now, or there
  // is no epoch in progress that it knows of.
  std::optional<v1::Lease> Next() const;

  // Of the batch: [first, end) belong to the worker; empty: it has no share.
  PartRange parts() const { return parts_; }

 private:
  BatchPlan plan_;
  uint64_t ahead_ = kAhead;
  PartRange parts_;
  std::optional<v1::Lease> last_;  // of a train unit, the epoch's
  uint64_t applied_ = 0;
  std::map<uint64_t, std::vector<bool>> has_;  // by version, from applied_ on
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_JOB_OWN_SHARE_H_
