// The commands of `pumasi`, each with what its flags say. Each prints to standard output what was asked for, to
// standard error what went wrong, and returns the exit code (common/exit_code.h).
#ifndef PUMASI_TOOLS_CLI_COMMANDS_H_
#define PUMASI_TOOLS_CLI_COMMANDS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace pumasi {

// Where the cluster is: --scheduler wins over the file.
struct ClusterFlags {
  std::string scheduler;
  std::string config;  // pumasi.yaml in this folder if it is there
};

struct TrainFlags {
  std::string job_file;
  std::vector<std::string> set;     // PATH=VALUE
  std::optional<uint32_t> servers;  // unset: 2, or none where workers hold the parameters
  uint32_t workers = 2;
  uint32_t devices = 1;  // of each worker
  std::string output;
  std::string resume;
  std::string cache;
  std::string trace;     // file; empty: none
  std::string link;      // rate of each daemon's link (tools/hosts/link_rate.h); empty: no network, unix sockets
  bool profile = false;  // show where the time goes
  bool json = false;
};
int Train(const TrainFlags& flags);

struct SubmitFlags {
  ClusterFlags cluster;
  std::string job_file;
  std::vector<std::string> set;
  uint32_t servers = 1;
  uint32_t workers = 1;
  std::string output;
  std::string resume;
  bool trace = false;  // events are kept, for `watch --trace`
  bool json = false;
};
int Submit(const SubmitFlags& flags);

struct JobFlags {
  ClusterFlags cluster;
  std::string job_id;
  std::string trace;  // watch: file; empty: none
  bool json = false;
};
int ListJobs(const JobFlags& flags);
int Watch(const JobFlags& flags);
int Cancel(const JobFlags& flags);
int Resume(const JobFlags& flags);
int ListNodes(const JobFlags& flags);

struct DrainFlags {
  ClusterFlags cluster;
  std::string node;
  bool undo = false;
  bool json = false;
};
int Drain(const DrainFlags& flags);

struct MetricsFlags {
  ClusterFlags cluster;
  std::string node;  // empty: the scheduler
  bool json = false;
};
int NodeMetrics(const MetricsFlags& flags);

struct PlanFlags {
  std::string job_file;
  std::vector<std::string> set;  // PATH=VALUE
  std::string cluster;           // file; empty: this machine
  std::string cache;
  uint32_t servers = 0;        // 0: to be found
  uint32_t workers = 0;        // likewise
  uint32_t micro_batches = 0;  // likewise
  bool measure = true;         // what the file does not say
  bool json = false;
};
int MakePlan(const PlanFlags& flags);

struct AuditFlags {
  ClusterFlags cluster;
  std::string job_id;
  uint64_t first = 0;  // batch
  uint32_t count = 0;  // batches
  bool json = false;
};
int Audit(const AuditFlags& flags);

struct CompareFlags {
  std::vector<std::string> what;  // one job file, or runs
  // Of a job file; empty: ps; 1 and 2; 2.
  std::vector<std::string> modes;
  std::vector<uint32_t> workers, servers;
  std::vector<std::string> links;      // as TrainFlags::link
  std::vector<std::string> set, vary;  // PATH=VALUE, PATH=A,B
  uint32_t repeat = 3;
  uint32_t warm_up = 1;
  uint32_t deadline = 3600;  // seconds, of each run
  std::string cache;
  bool keep = false;  // models and checkpoints
  std::string target;
  std::string output;
  bool json = false;
};
int Compare(const CompareFlags& flags);

struct EvaluateFlags {
  std::string model;
  std::string data;
  bool json = false;
};
int Evaluate(const EvaluateFlags& flags);

struct PredictFlags {
  std::string model;
  uint32_t top = 1;
  bool json = false;
};
int Predict(const PredictFlags& flags);

struct CheckFlags {
  std::string model;
  bool json = false;
};
int Check(const CheckFlags& flags);

struct InitFlags {
  std::string folder;
  std::vector<std::string> nodes;  // ROLE:NAME[=HOST,HOST...]
  bool json = false;
};
int Init(const InitFlags& flags);

int Completion(const std::string& shell);

// Prints "pumasi: MESSAGE" to standard error, and returns the code that goes with the error.
int PrintError(const absl::Status& status);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CLI_COMMANDS_H_
