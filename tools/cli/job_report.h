// A job's status, for people and for scripts.
#ifndef PUMASI_TOOLS_CLI_JOB_REPORT_H_
#define PUMASI_TOOLS_CLI_JOB_REPORT_H_

#include <string>

#include "absl/time/time.h"
#include "proto/scheduler.pb.h"
#include "tools/cli/json.h"

namespace pumasi {

// The object that `pumasi train --json` ends with.
Json JobJson(const v1::JobStatus& status, double wall_seconds);

// Of a job whose gradients a ring sums, how they differ from the tree's; empty: of another one.
std::string RingSentence(const v1::JobStatus& status);

// "training", "done": the state as people read it.
std::string StateName(v1::JobState state);
bool Ended(v1::JobState state);

// What a failure would cost and what failures did, if anything: the last checkpoint of a job that runs, slots without a
// backup, how often it went back to a checkpoint.
std::string SafetyText(const v1::JobStatus& status);

// What came out, in a few lines: measures (metrics.h), confusions, where the model lies.
std::string ResultText(const v1::JobStatus& status, double wall_seconds);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_JOB_REPORT_H_
