// pumasi-chaos: trains a job on a cluster of this machine while daemons are killed, stopped and slowed, and checks that
// the result is the one that an undisturbed run gives.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <climits>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/exit_code.h"
#include "common/file.h"
#include "common/shutdown.h"
#include "common/version.h"
#include "tools/chaos/chaos_run.h"
#include "tools/cli/audit_report.h"
#include "tools/cli/job_report.h"

namespace pumasi {
namespace {

struct Flags {
  std::string job;
  std::vector<std::string> set;
  uint32_t servers = 2;
  uint32_t workers = 2;
  std::string output;
  std::string cache;
  uint64_t seed = 1;
  double every = 5;
  double disturb_for = 1e9;
  double deadline = 600;
  std::vector<std::string> targets{"scheduler", "server", "worker"};
  std::vector<std::string> faults{"kill", "stop", "slow"};
  bool reference = false;
  std::string expect;
  bool json = false;
};

int PrintError(const absl::Status& status) {
  std::fprintf(stderr, "pumasi-chaos: %s\n", std::string(status.message()).c_str());
  return absl::IsCancelled(status) ? kExitInterrupted : ExitCodeOf(status);
}

// A run that came to no end, or to none that can be judged.
int PrintNoOutcome(const Flags& flags, const absl::Status& status) {
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

absl::StatusOr<FaultPlan> PlanOf(const Flags& flags) {
  FaultPlan::Options plan;
  plan.seed = flags.seed;
  plan.every = flags.every;
  for (const std::string& name : flags.faults) {
    auto kind = FaultOfName(name);
    if (!kind.ok()) return kind.status();
    plan.kinds.push_back(*kind);
  }
  for (const std::string& target : flags.targets) {
    if (target == "scheduler") plan.targets.push_back(target);
    const uint32_t count = target == "server" ? flags.servers : target == "worker" ? flags.workers : 0;
    for (uint32_t i = 0; i < count; ++i) plan.targets.push_back(absl::StrCat(target, "-", i));
  }
  return FaultPlan(std::move(plan));
}

Json StallsJson(const Stalls& stalls) {
  return {{"gaps", stalls.count()},
          {"p50_s", stalls.Quantile(0.5)},
          {"p99_s", stalls.Quantile(0.99)},
          {"max_s", stalls.Quantile(1)}};
}

struct Verdict {
  Json json;
  std::vector<std::string> problems;
};

Verdict Judge(const Flags& flags, const ChaosOutcome& outcome, const ChaosOutcome* reference) {
  Verdict verdict;
  const std::string expect = reference != nullptr ? reference->status.parameters_sha256() : flags.expect;
  const std::string& found = outcome.status.parameters_sha256();
  if (outcome.status.state() != v1::DONE) {
    verdict.problems.push_back(
        absl::StrCat("the job is ", StateName(outcome.status.state()), ": ", outcome.status.message()));
  }
  if (!outcome.exact.ok()) verdict.problems.push_back(absl::StrCat("audit: ", outcome.exact.message()));
  if (!expect.empty() && found != expect) {
    verdict.problems.push_back(absl::StrCat("parameters_sha256 is ", found, ", undisturbed it is ", expect));
  }
  Json& json = verdict.json;
  json["ok"] = verdict.problems.empty();
  json["problems"] = Json(verdict.problems);
  json["seed"] = flags.seed;
  Json faults = Json::object();
  for (const auto& [kind, count] : outcome.faults) faults[FaultName(kind)] = count;
  json["faults"] = faults;
  json["ended_by_themselves"] = outcome.ended_by_themselves;
  json["seconds"] = outcome.seconds;
  const bool compares = reference != nullptr && outcome.seconds > 0;
  json["undisturbed_seconds"] = compares ? Json(reference->seconds) : Json();
  json["goodput"] = compares ? Json(reference->seconds / outcome.seconds) : Json();
  json["stalls"] = StallsJson(outcome.stalls);
  json["undisturbed_stalls"] = reference != nullptr ? StallsJson(reference->stalls) : Json();
  json["parameters_sha256"] = found;
  json["expected_sha256"] = expect.empty() ? Json() : Json(expect);
  json["audit"] = AuditJson(outcome.status.job_id(), outcome.audit);
  json["generation"] = outcome.status.generation();
  json["layout_epoch"] = outcome.status.layout_epoch();
  json["warnings"] = Json(std::vector<std::string>(outcome.status.warnings().begin(), outcome.status.warnings().end()));
  return verdict;
}

void Print(const Flags& flags, const Verdict& verdict, const ChaosOutcome& outcome, const ChaosOutcome* reference) {
  if (flags.json) {
    std::printf("%s\n", ToLine(verdict.json).c_str());
    return;
  }
  std::string text = ResultText(outcome.status, outcome.seconds) + AuditText(outcome.status.job_id(), outcome.audit);
  absl::StrAppend(&text, "faults:");
  for (const auto& [kind, count] : outcome.faults) absl::StrAppend(&text, " ", count, " ", FaultName(kind));
  absl::StrAppendFormat(&text, "; %d daemons ended by themselves\n", outcome.ended_by_themselves);
  absl::StrAppendFormat(&text, "gaps between batches: p50 %.3f s, p99 %.3f s, longest %.3f s\n",
                        outcome.stalls.Quantile(0.5), outcome.stalls.Quantile(0.99), outcome.stalls.Quantile(1));
  if (reference != nullptr && outcome.seconds > 0) {
    absl::StrAppendFormat(&text, "goodput: %.1f %% (%.1f s undisturbed, %.1f s disturbed)\n",
                          100 * reference->seconds / outcome.seconds, reference->seconds, outcome.seconds);
  }
  for (const std::string& problem : verdict.problems) absl::StrAppend(&text, "PROBLEM: ", problem, "\n");
  if (verdict.problems.empty()) absl::StrAppend(&text, "as it has to be\n");
  std::printf("%s", text.c_str());
}

int Chaos(const Flags& flags) {
  Shutdown::Install();
  auto job = LoadJobFile(flags.job, flags.set);
  if (!job.ok()) return PrintError(job.status());
  auto output = Absolute(flags.output), cache = Absolute(flags.cache);
  if (!output.ok()) return PrintError(output.status());
  if (!cache.ok()) return PrintError(cache.status());
  auto plan = PlanOf(flags);
  if (!plan.ok()) return PrintError(plan.status());
  // A database that is there would bring its jobs with it.
  auto there = RealFiles().Exists(*output);
  if (!there.ok()) return PrintError(there.status());
  if (*there) {
    return PrintError(
        absl::InvalidArgumentError(absl::StrCat(*output, " is there already; --output needs a new folder")));
  }

  FILE* const log = flags.json ? stderr : stdout;
  const auto say = [log](const std::string& line) {
    std::fprintf(log, "%s\n", line.c_str());
    std::fflush(log);
  };
  ChaosRun run{*job, flags.servers, flags.workers, *output + "/undisturbed", *cache, flags.deadline};
  std::optional<ChaosOutcome> reference;
  if (flags.reference) {
    say("undisturbed first");
    auto outcome = RunWithFaults(run, say);
    if (!outcome.ok()) return PrintNoOutcome(flags, outcome.status());
    if (outcome->status.state() != v1::DONE) {
      return PrintError(absl::InternalError(absl::StrCat("the undisturbed job is ", StateName(outcome->status.state()),
                                                         ": ", outcome->status.message())));
    }
    reference = *std::move(outcome);
    say(absl::StrFormat("undisturbed: %.1f s, parameters sha256: %s", reference->seconds,
                        reference->status.parameters_sha256()));
  }
  run.folder = *output + "/disturbed";
  run.plan.emplace(*std::move(plan));
  run.disturb_for = flags.disturb_for;
  say(absl::StrCat("disturbed, seed ", flags.seed));
  auto outcome = RunWithFaults(run, say);
  if (!outcome.ok()) return PrintNoOutcome(flags, outcome.status());
  const ChaosOutcome* compared = reference.has_value() ? &*reference : nullptr;
  const Verdict verdict = Judge(flags, *outcome, compared);
  Print(flags, verdict, *outcome, compared);
  return verdict.problems.empty() ? kExitOk : kExitFailed;
}

int Main(int argc, char** argv) {
  Flags flags;
  CLI::App app(
      "Trains a job on a cluster of this machine while daemons are killed, stopped and slowed, and checks that it "
      "ends, "
      "that every gradient was applied exactly once, and that the parameters are those of an undisturbed run.",
      "pumasi-chaos");
  app.set_version_flag("--version", kVersion);
  app.add_option("job", flags.job, "Job file (YAML)")->required();
  app.add_option("--set", flags.set, "Change a field of the job")->type_name("PATH=VALUE");
  app.add_option("--servers", flags.servers, "Server processes")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--workers", flags.workers, "Worker processes")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--output", flags.output, "New folder for databases, logs and models")->required();
  app.add_option("--cache", flags.cache, "Folder for encoded data (~/.cache/pumasi)");
  app.add_option("--seed", flags.seed, "What the faults are drawn from")->capture_default_str();
  app.add_option("--every", flags.every, "Seconds between two faults, on average")
      ->check(CLI::Range(0.01, 1e6))
      ->capture_default_str();
  app.add_option("--for", flags.disturb_for, "Seconds of faults; then the job goes on in peace (to its end)")
      ->check(CLI::Range(0.0, 1e9));
  app.add_option("--deadline", flags.deadline, "Seconds within which a run has to end")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  app.add_option("--targets", flags.targets, "Whom it hits: scheduler, server, worker")
      ->delimiter(',')
      ->check(CLI::IsMember({"scheduler", "server", "worker"}))
      ->capture_default_str();
  app.add_option("--faults", flags.faults, "What happens: kill, stop, slow")
      ->delimiter(',')
      ->check(CLI::IsMember({"kill", "stop", "slow"}))
      ->capture_default_str();
  app.add_flag("--reference", flags.reference, "Train undisturbed first, and compare parameters and time with that");
  app.add_option("--expect", flags.expect, "The parameters_sha256 that has to come out")->excludes("--reference");
  app.add_flag("--json", flags.json, "Print JSON at the end, for scripts; what is done goes to standard error");
  app.footer(
      "Example:\n"
      "  pumasi-chaos job.yaml --servers 3 --workers 3 --set replicas=2 --every 5 --reference --output runs/chaos\n"
      "  pumasi-chaos job.yaml --targets scheduler --faults kill --every 2 --seed 7 --output runs/chaos-7 --json\n"
      "Exit codes: 0 all is as it has to be; 1 it is not, or the job did not end; 2 wrong flags or files; 130 Ctrl-C.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitBadInput;
  }
  return Chaos(flags);
}

}  // namespace
}  // namespace pumasi

int main(int argc, char** argv) { return pumasi::Main(argc, argv); }
