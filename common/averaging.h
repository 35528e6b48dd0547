// Local training and averaging (proto/job.proto, average_every): rounds, lanes, and the batches that lanes train.
//
// A round stands wherever a batch does otherwise: in versions, leases, the audit, checkpoints, the status. Its parts
// are the lanes. A lane trains its batches one after another, from the parameters of the round's version and with an
// optimizer of its own; what it changed is pushed as a part's gradient, so the sum over the lanes is taken in the fixed
// tree, each lane counts once, and nothing depends on who computes which lane.
//
// With elastic averaging lanes keep parameters of their own from round to round. Holders have them, as differences from
// the values that count (ops/elastic_average.h), and nobody adds up what lanes push.
#ifndef PUMASI_COMMON_AVERAGING_H_
#define PUMASI_COMMON_AVERAGING_H_

#include <cstdint>

#include "common/layout/batch_plan.h"
#include "proto/job.pb.h"

namespace pumasi {

bool Averages(const v1::Job& job);

// Elastic averaging of so many lanes; 0: the job's lanes have no parameters of their own.
struct ElasticRule {
  uint32_t lanes = 0;
  double share = 0;  // of the way to the lanes' mean, in (0, 1]
};
ElasticRule ElasticRuleOf(const v1::Job& job);
inline bool IsElastic(const v1::Job& job) { return ElasticRuleOf(job).lanes > 0; }
// Each of them is a slot in checkpoints (common/checkpoint/manifest.h).
inline constexpr uint32_t kMostElasticLanes = 64;

// The job's batches and their parts; if it averages, its rounds and their lanes. REQUIRES: train_rows > 0.
BatchPlan PlanOf(const v1::Job& job, uint64_t train_rows);

// The optimizer that applies what is pushed: the job's own; if it averages, one that takes the pushed difference off
// the values (plain SGD of rate 1), with the block momentum as its momentum. The job's own is then the lanes'. Not of a
// job with an ElasticRule, which is applied instead.
v1::Optimizer HoldersOptimizer(const v1::Job& job);

// Of a job that averages.
struct LanePlan {
  BatchPlan rounds;
  uint64_t batch = 0;  // rows of a batch, > 0

  // Batches of the round's longest lane; of all lanes, but where rows are left over at an epoch's end. `round`: of the
  // epoch, as in BatchPlan.
  uint64_t Batches(uint64_t round) const;
  // Those of all rounds before: what the schedule of the learning rate goes by. `version`: rounds from the job's start.
  uint64_t BatchesBefore(uint64_t version) const;
  // Positions in the epoch's order of batch `index` of a lane; empty: the lane has no such batch.
  RowRange Batch(uint64_t round, uint32_t lane, uint64_t index) const;
  // Lanes that have rows in the round: what the sum over all lanes is divided by.
  uint32_t Lanes(uint64_t round) const;
};
LanePlan LanePlanOf(const v1::Job& job, uint64_t train_rows);

}  // namespace pumasi

#endif  // PUMASI_COMMON_AVERAGING_H_
