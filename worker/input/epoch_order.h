// In which order a job trains on its rows.
#ifndef PUMASI_WORKER_INPUT_EPOCH_ORDER_H_
#define PUMASI_WORKER_INPUT_EPOCH_ORDER_H_

#include <cstdint>

#include "common/layout/batch_plan.h"
#include "proto/job.pb.h"

namespace pumasi {

// What fills the positions that a BatchPlan cuts into batches and parts: each row once an epoch, without a list of
// them. Depends on the job and its rows alone, so all workers agree. A value; safe to share.
//
// split: batch. One permutation of all rows (worker/input/row_order.h).
// split: epoch. The rows are cut into a range for each part, in the order of the data (BatchPlan::RangeOf), and each
// range has a permutation of its own; part i of every batch takes the next rows of range i. A part has as many rows in
// each batch as with split: batch, so ranges that are no multiple of that end in the epoch's last batch.
class EpochOrder {
 public:
  // REQUIRES: plan.rows <= 2^52.
  EpochOrder(const BatchPlan& plan, uint64_t seed, v1::Split split) : plan_(plan), seed_(seed), split_(split) {}

  // REQUIRES: position < plan.rows.
  uint64_t Row(uint64_t epoch, uint64_t position) const;

 private:
  BatchPlan plan_;
  uint64_t seed_;
  v1::Split split_;
};

// REQUIRES: train_rows > 0.
EpochOrder EpochOrderOf(const v1::Job& job, uint64_t train_rows);

}  // namespace pumasi

#endif  // PUMASI_WORKER_INPUT_EPOCH_ORDER_H_
