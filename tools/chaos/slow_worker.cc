#include "tools/chaos/slow_worker.h"

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/file.h"
#include "tools/chaos/slowed_worker.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

constexpr double kLeast = 0.85;  // of the ideal

absl::StatusOr<double> Speed(ChaosRun run, const std::string& name, uint32_t workers, double share,
                             const Scenario::Say& say) {
  run.folder = absl::StrCat(run.folder, "/", name);
  run.workers = workers;
  if (share < 1) {
    run.scenario = [share](const Scenario::Stage& stage) {
      return std::make_unique<SlowedWorker>(stage, "worker-0", share);
    };
  }
  auto outcome = RunWithFaults(run, say);
  if (!outcome.ok()) return outcome.status();
  if (outcome->batches_per_s == 0) {
    return absl::FailedPreconditionError(
        absl::StrFormat("the job (%s) is %s before %g s of it could be measured, with %d batches done: it needs more "
                        "epochs, or --for fewer seconds; %s",
                        name, StateName(outcome->status.state()), run.measure_for, outcome->status.progress().version(),
                        outcome->status.message()));
  }
  say(absl::StrFormat("%s: %.2f batches/s", name, outcome->batches_per_s));
  return outcome->batches_per_s;
}

}  // namespace

absl::StatusOr<SlowWorkerSpeeds> MeasureSlowWorker(const ChaosRun& run, double share, const Scenario::Say& say) {
  if (absl::Status status = RealFiles().MakeFolder(run.folder); !status.ok()) return status;
  auto others = Speed(run, "others", run.workers - 1, 1, say);
  if (!others.ok()) return others.status();
  auto slow = Speed(run, "slow", 1, share, say);
  if (!slow.ok()) return slow.status();
  auto together = Speed(run, "together", run.workers, share, say);
  if (!together.ok()) return together.status();
  return SlowWorkerSpeeds{*others, *slow, *together};
}

Goal SlowWorkerGoal(const SlowWorkerSpeeds& speeds, double share) {
  const double reached = speeds.together / speeds.ideal();
  return {
      absl::StrFormat("with one worker at %g of the speed at least %g %% of the ideal throughput", share, 100 * kLeast),
      absl::StrFormat("%.1f %% (%.2f batches/s of %.2f: the others alone %.2f, the slow one alone %.2f)", 100 * reached,
                      speeds.together, speeds.ideal(), speeds.others, speeds.slow),
      reached >= kLeast};
}

}  // namespace pumasi
