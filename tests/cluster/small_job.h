// A job that trains in about a second: made-up product names, three classes.
#ifndef PUMASI_TESTS_CLUSTER_SMALL_JOB_H_
#define PUMASI_TESTS_CLUSTER_SMALL_JOB_H_

#include <cstdint>
#include <string>

namespace pumasi {

// Writes train.csv (`rows` rows), test.csv and job.yaml into `folder`, and returns the path of job.yaml. The rows
// depend on the arguments alone. `extra` is added to the job file.
std::string WriteSmallJob(const std::string& folder, int rows = 1000, int epochs = 2, const std::string& extra = "");

}  // namespace pumasi

#endif  // PUMASI_TESTS_CLUSTER_SMALL_JOB_H_
