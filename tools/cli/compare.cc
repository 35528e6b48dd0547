// pumasi compare: which way of training a job is the fastest, and why.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/exit_code.h"
#include "common/file.h"
#include "common/schema.h"
#include "common/shutdown.h"
#include "tools/cli/commands.h"
#include "tools/cli/compare_runner.h"
#include "tools/cli/job_file.h"
#include "tools/compare/comparison.h"
#include "tools/compare/plan.h"
#include "tools/compare/report.h"
#include "tools/compare/run_file.h"
#include "tools/compare/summary.h"
#include "tools/compare/verdict.h"

namespace pumasi {
namespace {

bool IsJobFile(const std::string& path) { return absl::EndsWith(path, ".yaml") || absl::EndsWith(path, ".yml"); }

// Of a comparison of runs that are there.
absl::StatusOr<std::vector<Run>> ReadAll(const CompareFlags& flags) {
  if (!flags.modes.empty() || !flags.workers.empty() || !flags.servers.empty() || !flags.vary.empty() ||
      !flags.set.empty() || !flags.links.empty()) {
    return absl::InvalidArgumentError(
        "--modes, --workers, --servers, --link, --vary and --set go with a job file (JOB.yaml), not with runs that are "
        "there");
  }
  std::vector<Run> runs;
  for (const std::string& path : flags.what) {
    if (IsJobFile(path)) {
      return absl::InvalidArgumentError(absl::StrCat(path, ": expected one job file alone, or runs alone"));
    }
    auto some = ReadRuns(RealFiles(), path);
    if (!some.ok()) return some.status();
    runs.insert(runs.end(), some->begin(), some->end());
  }
  if (runs.size() < 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "there is one run: name at least two, or a job file (JOB.yaml) whose configurations are to be trained"));
  }
  return runs;
}

absl::StatusOr<std::vector<Run>> TrainAll(const CompareFlags& flags, const std::string& output) {
  const auto otherwise = [](auto values, auto fallback) { return values.empty() ? fallback : values; };
  Sweep sweep;
  auto file = LoadJobFile(flags.what[0], flags.set);
  if (!file.ok()) return file.status();
  sweep.modes = otherwise(
      flags.modes, std::vector<std::string>{EnumText(*v1::Mode_descriptor()->FindValueByNumber(file->job.mode()))});
  sweep.workers = otherwise(flags.workers, std::vector<uint32_t>{1, 2});
  sweep.servers = otherwise(flags.servers, std::vector<uint32_t>{2});
  sweep.links = flags.links;
  sweep.vary = flags.vary;
  auto variants = VariantsOf(sweep);
  if (!variants.ok()) return variants.status();
  TrialOptions options;
  options.job_file = flags.what[0];
  options.set = flags.set;
  options.folder = output + "/runs";
  options.cache = flags.cache;
  options.deadline = absl::Seconds(flags.deadline);
  options.keep = flags.keep;
  options.quiet = flags.json && !isatty(STDERR_FILENO);
  auto blank = CheckVariants(options, *variants);
  if (!blank.ok()) return blank.status();
  auto there = RealFiles().Exists(options.folder);
  if (!there.ok()) return there.status();
  if (*there) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.folder, " is there already: name another folder with --output"));
  }
  return RunTrials(options, *variants, *blank, PlanTrials(variants->size(), flags.repeat, flags.warm_up));
}

absl::Status Write(const Report& report, const std::string& output) {
  if (absl::Status status = RealFiles().MakeFolder(output); !status.ok()) return status;
  const std::string json = ToLine(ReportJson(report)) + "\n";
  if (absl::Status status = WriteFileDurably(RealFiles(), absl::StrCat(output, "/", kReportFile), json); !status.ok()) {
    return status;
  }
  return WriteFileDurably(RealFiles(), output + "/report.html", ReportHtml(report));
}

}  // namespace

int Compare(const CompareFlags& flags) {
  Shutdown::Install();
  if (!flags.target.empty()) {
    if (absl::Status status = CheckTarget(flags.target); !status.ok()) return PrintError(status);
  }
  const bool trains = flags.what.size() == 1 && IsJobFile(flags.what[0]);
  const std::string output = flags.output.empty() ? "pumasi-runs/compare" : flags.output;
  auto runs = trains ? TrainAll(flags, output) : ReadAll(flags);
  if (!runs.ok()) {
    PrintError(runs.status());
    return absl::IsCancelled(runs.status()) ? int{kExitInterrupted} : ExitCodeOf(runs.status());
  }
  auto comparison = CompareRuns(*runs, flags.target);
  if (!comparison.ok()) {
    PrintError(comparison.status());
    const bool any = std::any_of(runs->begin(), runs->end(), [](const Run& run) { return run.state == "done"; });
    return any ? ExitCodeOf(comparison.status()) : kExitFailed;
  }
  const std::vector<Summary> summaries = Summarise(*comparison);
  const Verdict verdict = Judge(*comparison, summaries);
  const Report report{*comparison, summaries, verdict};
  if (absl::Status status = Write(report, output); !status.ok()) return PrintError(status);
  if (flags.json) {
    std::printf("%s\n", ToLine(ReportJson(report)).c_str());
  } else {
    std::printf("%sreport: %s/report.html\n", ReportText(report).c_str(), output.c_str());
  }
  const bool all = std::all_of(runs->begin(), runs->end(), [](const Run& run) { return run.state == "done"; });
  return all ? kExitOk : kExitFailed;
}

}  // namespace pumasi
