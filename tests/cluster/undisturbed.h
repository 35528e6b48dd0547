// What the small job comes to when nothing happens to the cluster, for tests in which something does.
#ifndef PUMASI_TESTS_CLUSTER_UNDISTURBED_H_
#define PUMASI_TESTS_CLUSTER_UNDISTURBED_H_

#include <nlohmann/json.hpp>

#include "proto/job_status.pb.h"

namespace pumasi {

// Of WriteSmallJob.
constexpr int kRows = 2000, kEpochs = 6, kBatches = 63 * kEpochs;

// `pumasi train --json`, trained at the first call.
const nlohmann::json& Undisturbed();

// The job is done, with the same parameters, and counted everything once.
void CheckUndisturbed(const v1::JobStatus& status);

}  // namespace pumasi

#endif  // PUMASI_TESTS_CLUSTER_UNDISTURBED_H_
