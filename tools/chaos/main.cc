// pumasi-chaos: trains a job on a cluster of this machine while daemons are killed, stopped, slowed and cut off, and
// checks that the result is the one that an undisturbed run gives.
#include <unistd.h>

#include <climits>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/exit_code.h"
#include "common/file.h"
#include "common/shutdown.h"
#include "tools/chaos/burners.h"
#include "tools/chaos/chaos_run.h"
#include "tools/chaos/flags.h"
#include "tools/chaos/slow_worker.h"
#include "tools/chaos/small_disk.h"
#include "tools/chaos/verdict.h"
#include "tools/cli/job_report.h"
#include "tools/hosts/cluster_hosts.h"

namespace pumasi {
namespace {

constexpr double kMeasureFor = 20;  // seconds, with --slow-worker

int PrintError(const absl::Status& status) {
  std::fprintf(stderr, "pumasi-chaos: %s\n", std::string(status.message()).c_str());
  return absl::IsCancelled(status) ? kExitInterrupted : ExitCodeOf(status);
}

// A run that came to no end, or to none that can be judged.
int PrintNoOutcome(const ChaosFlags& flags, const absl::Status& status) {
  if (flags.json && !absl::IsCancelled(status)) {
    Json json;
    json["ok"] = false;
    json["problems"] = Json(std::vector<std::string>{std::string(status.message())});
    json["seed"] = flags.seed;
    std::printf("%s\n", ToLine(json).c_str());
  }
  const int code = PrintError(status);
  return absl::IsDeadlineExceeded(status) ? int{kExitFailed} : code;
}

absl::StatusOr<std::string> Absolute(const std::string& path) {
  if (path.empty() || path[0] == '/') return path;
  char here[PATH_MAX];
  if (getcwd(here, sizeof here) == nullptr) return absl::InternalError("cannot tell the current folder");
  return absl::StrCat(here, "/", path);
}

int SlowWorker(const ChaosFlags& flags, ChaosRun run, const Scenario::Say& say) {
  run.measure_for = flags.disturb_for.value_or(kMeasureFor);
  auto speeds = MeasureSlowWorker(run, flags.slow_worker, say);
  if (!speeds.ok()) return PrintNoOutcome(flags, speeds.status());
  const Goal goal = SlowWorkerGoal(*speeds, flags.slow_worker);
  if (!flags.json) {
    std::printf("%s\n", GoalLine(goal).c_str());
    return kExitOk;
  }
  Json json;
  json["ok"] = true;
  json["problems"] = Json::array();
  json["goals"] = GoalsJson({goal});
  json["batches_per_s"] = {
      {"others", speeds->others}, {"slow", speeds->slow}, {"together", speeds->together}, {"ideal", speeds->ideal()}};
  std::printf("%s\n", ToLine(json).c_str());
  return kExitOk;
}

// The right to, before the undisturbed run has taken its time. Ends in a namespace of its own, as the disks will.
absl::Status CheckDisk(const std::string& folder, uint64_t bytes) {
  if (bytes == 0) return absl::OkStatus();
  const std::string place = folder + "/disk";
  const absl::Status status = SmallDisk::Make(place, bytes).status();
  (void)rmdir(place.c_str());  // what is in a folder that was there already is somebody's
  return absl::IsPermissionDenied(status) ? absl::InvalidArgumentError(absl::StrCat("--disk: ", status.message()))
                                          : status;
}

int WithFaults(const ChaosFlags& flags, const ChaosMode& mode, ChaosRun run, const Scenario::Say& say) {
  const std::string output = run.folder;
  Expected expected{flags.expect, flags.expect_seconds};
  std::optional<ChaosOutcome> undisturbed;
  if (flags.reference) {
    say("undisturbed first");
    run.folder = output + "/undisturbed";
    auto outcome = RunWithFaults(run, say);
    if (!outcome.ok()) return PrintNoOutcome(flags, outcome.status());
    const v1::JobStatus& status = outcome->status;
    if (status.state() != v1::DONE) {
      return PrintNoOutcome(flags, absl::InternalError(absl::StrCat(
                                       "the undisturbed job is ", StateName(status.state()), ": ", status.message())));
    }
    say(absl::StrFormat("undisturbed: %.1f s, parameters sha256: %s", outcome->seconds, status.parameters_sha256()));
    undisturbed = *std::move(outcome);
    expected = {undisturbed->status.parameters_sha256(), undisturbed->seconds, &*undisturbed};
  }
  run.folder = output + "/disturbed";
  run.scenario = mode.scenario;
  run.disturb_for = flags.disturb_for.value_or(run.disturb_for);
  run.burners = flags.oversubscribe > 0 ? BurnersFor(flags.oversubscribe) : 0;
  if (run.burners > 0) say(absl::StrCat(run.burners, " threads compute nothing meanwhile"));
  say(absl::StrCat("disturbed, seed ", flags.seed));
  auto outcome = RunWithFaults(run, say);
  if (!outcome.ok()) return PrintNoOutcome(flags, outcome.status());
  const GoalInputs inputs{mode.every, mode.kills_only, run.job.job.replicas(), flags.oversubscribe};
  const Verdict verdict = Judge(*outcome, expected, inputs, flags.seed);
  std::printf("%s", (flags.json ? ToLine(verdict.json) + "\n" : verdict.text).c_str());
  return verdict.problems.empty() ? kExitOk : kExitFailed;
}

int Chaos(const ChaosFlags& flags) {
  Shutdown::Install();
  auto mode = ModeOf(flags);
  if (!mode.ok()) return PrintError(mode.status());
  auto job = LoadJobFile(flags.job, flags.set);
  if (!job.ok()) return PrintError(job.status());
  auto output = Absolute(flags.output), cache = Absolute(flags.cache);
  if (!output.ok()) return PrintError(output.status());
  if (!cache.ok()) return PrintError(cache.status());
  // A database that is there would bring its jobs with it.
  auto there = RealFiles().Exists(*output);
  if (!there.ok()) return PrintError(there.status());
  if (*there) {
    return PrintError(
        absl::InvalidArgumentError(absl::StrCat(*output, " is there already; --output needs a new folder")));
  }
  // Before anything that starts threads, which have to be on the network, too.
  std::unique_ptr<ClusterHosts> hosts;
  if (flags.partitions) {
    auto made = ClusterHosts::Make(flags.servers, flags.workers, *output);
    if (!made.ok()) {
      const int code =
          PrintError(absl::Status(made.status().code(), absl::StrCat("--partitions: ", made.status().message())));
      return absl::IsPermissionDenied(made.status()) || absl::IsNotFound(made.status()) ? int{kExitBadInput} : code;
    }
    hosts = *std::move(made);
  }
  if (absl::Status status = CheckDisk(*output, flags.disk << 20); !status.ok()) return PrintError(status);
  FILE* const log = flags.json ? stderr : stdout;
  const auto say = [log](const std::string& line) {
    std::fprintf(log, "%s\n", line.c_str());
    std::fflush(log);
  };
  ChaosRun run{*job, flags.servers, flags.workers, *output, *cache, flags.deadline, hosts.get(), flags.disk << 20};
  return flags.slow_worker > 0 ? SlowWorker(flags, std::move(run), say) : WithFaults(flags, *mode, std::move(run), say);
}

int Main(int argc, char** argv) {
  ChaosFlags flags;
  if (auto code = ParseChaosFlags(argc, argv, &flags)) return *code;
  return Chaos(flags);
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
