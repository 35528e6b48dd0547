// A job's `consistency`, in numbers.
//
// sync: a gradient of batch v is computed with the updates of all batches before v, and a batch is one update.
// bounded: likewise, but the updates of the last `staleness` batches may be missing; it need not be the same ones
// everywhere. async: each part of a batch is an update of its own, made when it comes; how far workers may be ahead of
// the first batch that is not complete is bounded all the same, so that servers remember what they applied in bounded
// memory.
//
// With mode: hybrid this is said of rows. Dense tensors are in step: a gradient is computed with the dense updates of
// all batches before v, and a batch is one update of them; what their rows lack is at most as much as said above. So
// waiting for rows ends, and not for who computes (Lian et al., "Persia", 2022, show that this converges as sync does).
#ifndef PUMASI_COMMON_CONSISTENCY_H_
#define PUMASI_COMMON_CONSISTENCY_H_

#include <cstdint>

#include "proto/job.pb.h"

namespace pumasi {

// With async. A worker four times slower than another one with the same share does not hold that one up.
inline constexpr uint32_t kAsyncBatchesAhead = 16;

inline bool IsAsync(const v1::Job& job) { return job.consistency().has_async(); }

// So many batches before its own a gradient's parameters may lack.
inline uint32_t StalenessOf(const v1::Job& job) {
  if (IsAsync(job)) return kAsyncBatchesAhead;
  return job.consistency().has_bounded() ? job.consistency().bounded().staleness() : 0;
}

// Steps of the optimizer to a batch, of rows: steps are counted so that after v batches, and nothing else, it is v
// times this.
inline uint32_t StepsPerBatch(const v1::Job& job) { return IsAsync(job) ? job.micro_batches() : 1; }

// Whether the bits of the result are a function of the job.
inline bool IsReproducible(const v1::Consistency& consistency) {
  return !consistency.has_async() && !consistency.has_bounded();
}

}  // namespace pumasi

#endif  // PUMASI_COMMON_CONSISTENCY_H_
