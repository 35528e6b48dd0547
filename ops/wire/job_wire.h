// A job's `wire`.
#ifndef PUMASI_OPS_WIRE_JOB_WIRE_H_
#define PUMASI_OPS_WIRE_JOB_WIRE_H_

#include "ops/precision.h"
#include "proto/job.pb.h"

namespace pumasi {

inline Precision WireOf(const v1::Job& job) {
  return job.wire() == v1::WIRE_BF16 ? Precision::kBf16 : Precision::kFloat32;
}

}  // namespace pumasi

#endif  // PUMASI_OPS_WIRE_JOB_WIRE_H_
