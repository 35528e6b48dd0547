// A job's `wire`.
#ifndef PUMASI_OPS_WIRE_JOB_WIRE_H_
#define PUMASI_OPS_WIRE_JOB_WIRE_H_

#include "ops/precision.h"
#include "ops/wire/dense_coding.h"
#include "proto/job.pb.h"

namespace pumasi {

// Of all values that do not travel in a coding.
inline Precision WireOf(const v1::Job& job) {
  return job.wire() == v1::WIRE_BF16   ? Precision::kBf16
         : job.wire() == v1::WIRE_FP16 ? Precision::kFp16
                                       : Precision::kFloat32;
}

// Of gradients of dense tensors.
inline DenseCoding CodingOf(const v1::Job& job) {
  switch (job.wire()) {
    case v1::WIRE_ONEBIT:
      return {DenseCoding::Kind::kOneBit, 0};
    case v1::WIRE_TOPK:
      return {DenseCoding::Kind::kLargest, job.wire_fraction()};
    default:
      return {};
  }
}

// Does the job come to the same bits whoever computes what? Not where what is sent depends on what its sender lost
// before.
inline bool IsReproducible(v1::Wire wire) { return wire != v1::WIRE_ONEBIT && wire != v1::WIRE_TOPK; }

}  // namespace pumasi

#endif  // PUMASI_OPS_WIRE_JOB_WIRE_H_
