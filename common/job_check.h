// What is wrong with a job beyond single fields: combinations that cannot be.
#ifndef PUMASI_COMMON_JOB_CHECK_H_
#define PUMASI_COMMON_JOB_CHECK_H_

#include "absl/status/status.h"
#include "common/source_map.h"
#include "proto/job.pb.h"

namespace pumasi {

// REQUIRES: CompleteMessage (common/field_rules.h) accepted the job. InvalidArgument, with the place from `source`.
absl::Status CheckJob(const v1::Job& job, const SourceMap& source = SourceMap());

}  // namespace pumasi

#endif  // PUMASI_COMMON_JOB_CHECK_H_
