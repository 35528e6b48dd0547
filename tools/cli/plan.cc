// pumasi plan: how fast a job would train on which machines.
#include <algorithm>
#include <cstdio>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/exit_code.h"
#include "common/shutdown.h"
#include "tools/cli/commands.h"
#include "tools/cli/job_file.h"
#include "tools/cli/plan_report.h"
#include "tools/plan/cluster_file.h"
#include "tools/plan/measure_step.h"
#include "tools/plan/row_sample.h"
#include "worker/cache_folder.h"
#include "worker/input/prepare.h"

namespace pumasi {
namespace {

// Reads all of the data, or opens what an earlier run has read.
absl::StatusOr<Prepared> Prepare(const JobFile& file, const std::string& cache) {
  PrepareOptions options;
  options.data_root = "/";
  options.cache_folder = CacheFolder(cache);
  options.threads = static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
  options.who = absl::StrCat("pumasi plan ", file.job.name());
  options.cancelled = [] { return Shutdown::Install().Requested(); };
  return PrepareData(file.job, file.base, options);
}

absl::Status CheckFixed(const Fixed& fixed, const v1::Job& job) {
  if (fixed.micro_batches && job.batch() % *fixed.micro_batches != 0) {
    return absl::InvalidArgumentError(absl::StrCat("--micro_batches ", *fixed.micro_batches, ": a batch of ",
                                                   job.batch(), " rows cannot be cut into so many equal parts"));
  }
  return absl::OkStatus();
}

// A mode may not go with what else the job says.
std::map<PlanMode, std::string> RefusedModes(const PlanFlags& flags) {
  std::map<PlanMode, std::string> refused;
  for (const ModeInfo& info : PlanModes()) {
    std::vector<std::string> set = flags.set;
    set.insert(set.end(), info.settings.begin(), info.settings.end());
    if (auto file = LoadJobFile(flags.job_file, set); !file.ok())
      refused[info.mode] = std::string(file.status().message());
  }
  return refused;
}

absl::Status NotMeasured(const char* key) {
  return absl::InvalidArgumentError(
      absl::StrCat("--no_measure: nothing says how fast a worker is; give --cluster a file with ", key));
}

int CoresHere() { return static_cast<int>(ThisMachine().machines(0).cores()); }

absl::Status Take(absl::StatusOr<double> measured, Figure* figure) {
  if (!measured.ok()) return measured.status();
  *figure = {*measured, Origin::kMeasured};
  return absl::OkStatus();
}

absl::Status MeasureComputing(const v1::Job& job, const Prepared& data, const v1::StepCosts& stated, PlanInput* input) {
  auto points = MeasureStep(job, data.summary, *data.train);
  if (!points.ok()) return points.status();
  input->compute = ComputeTime::Measured(*std::move(points));
  if (stated.has_busy_compute()) return absl::OkStatus();
  return Take(MeasureBusyStep(job, data.summary, *data.train, CoresHere()), &input->costs.busy_compute);
}

// Fills what the machines and measurements say.
absl::Status Fill(const v1::Job& job, const Prepared& data, const v1::Cluster& cluster, bool measure,
                  PlanInput* input) {
  input->groups = GroupsOf(cluster);
  input->costs = CostsOf(cluster.costs());
  if (cluster.has_worker()) {
    input->compute = ComputeTime::Stated(cluster.worker().rows_per_s());
    input->worker_cores = cluster.worker().cores();
  } else if (!measure) {
    return NotMeasured("worker.rows_per_s");
  } else if (absl::Status status = MeasureComputing(job, data, cluster.costs(), input); !status.ok()) {
    return status;
  }
  if (!measure || cluster.costs().has_apply_ns_a_float()) return absl::OkStatus();
  return Take(MeasureApply(job), &input->costs.apply_float);
}

}  // namespace

int MakePlan(const PlanFlags& flags) {
  auto file = LoadJobFile(flags.job_file, flags.set);
  if (!file.ok()) return PrintError(file.status());
  Fixed fixed;
  if (flags.servers > 0) fixed.servers = flags.servers;
  if (flags.workers > 0) fixed.workers = flags.workers;
  if (flags.micro_batches > 0) fixed.micro_batches = flags.micro_batches;
  if (absl::Status status = CheckFixed(fixed, file->job); !status.ok()) return PrintError(status);
  absl::StatusOr<v1::Cluster> cluster = flags.cluster.empty() ? ThisMachine() : LoadCluster(flags.cluster);
  if (!cluster.ok()) return PrintError(cluster.status());
  auto data = Prepare(*file, flags.cache);
  if (!data.ok()) {
    PrintError(data.status());
    return Shutdown::Install().Requested() ? int{kExitInterrupted} : int{ExitCodeOf(data.status())};
  }
  PlanInput input;
  auto shape = ShapeOf(file->job, data->summary);
  if (!shape.ok()) return PrintError(shape.status());
  input.shape = *std::move(shape);
  const DistinctIds ids = SampleRows(file->job, *data->train, data->summary.vocabulary());
  input.ids = &ids;
  absl::Status status = Fill(file->job, *data, *cluster, flags.measure, &input);
  if (!status.ok()) return PrintError(status);
  input.refused = RefusedModes(flags);
  const Plan plan = FindPlan(input, fixed);
  std::string command;
  if (flags.cluster.empty()) {
    command = absl::StrCat("pumasi train ", flags.job_file);
    for (const std::string& set : flags.set) absl::StrAppend(&command, " --set '", set, "'");
  }
  std::printf("%s",
              flags.json ? (ToLine(PlanJson(input, plan)) + "\n").c_str() : PlanText(input, plan, command).c_str());
  return plan.best < 0 ? int{kExitFailed} : int{kExitOk};
}

}  // namespace pumasi
