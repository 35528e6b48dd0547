#include "tools/cli/compare_runner.h"

#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/clock.h"
#include "common/escape.h"
#include "common/file.h"
#include "common/message_json.h"
#include "common/shutdown.h"
#include "tools/cli/child_process.h"
#include "tools/cli/job_file.h"
#include "tools/cli/link_flag.h"
#include "tools/compare/figures.h"
#include "tools/compare/run_file.h"
#include "tools/compare/run_json.h"

namespace pumasi {
namespace {

// `pumasi train` ends its daemons within this when it is asked to end.
constexpr absl::Duration kStopWithin = absl::Seconds(30);
// How soon an interrupt or the deadline shows; the end of the run itself shows at once.
constexpr absl::Duration kLook = absl::Milliseconds(200);
constexpr uint64_t kMostLog = 64 << 20;

absl::StatusOr<std::string> ThisProgram() {
  char self[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
  if (size <= 0) return absl::NotFoundError("cannot tell where this program lies");
  return std::string(self, static_cast<size_t>(size));
}

std::vector<std::string> SettingsOf(const TrialOptions& options, const Variant& variant) {
  std::vector<std::string> set = options.set;
  set.insert(set.end(), variant.set.begin(), variant.set.end());
  return set;
}

std::vector<std::string> Command(const std::string& program, const TrialOptions& options, const Variant& variant,
                                 const std::string& output) {
  std::vector<std::string> command = {program,
                                      "train",
                                      options.job_file,
                                      "--json",
                                      absl::StrCat("--workers=", variant.workers),
                                      absl::StrCat("--servers=", variant.servers),
                                      "--output=" + output};
  if (!options.cache.empty()) command.push_back("--cache=" + options.cache);
  if (!variant.link.empty()) command.push_back("--link=" + variant.link);
  for (const std::string& setting : SettingsOf(options, variant)) command.push_back("--set=" + setting);
  return command;
}

// Why a run that left no run.json ended: the last thing that it said for people.
std::string LastWords(const std::string& log, const std::string& otherwise) {
  auto text = ReadFile(RealFiles(), log, kMostLog);
  if (!text.ok()) return otherwise;
  std::string words = otherwise;
  for (const auto line : absl::StrSplit(*text, '\n')) {
    if (absl::StartsWith(line, "pumasi: ")) words = std::string(line.substr(8));
  }
  return words;
}

// What it leaves that no report needs.
absl::Status RemoveModels(const std::string& folder) {
  auto names = RealFiles().List(folder);
  if (!names.ok()) return names.status();
  for (const std::string& name : *names) {
    const bool large = name == "model" || absl::StartsWith(name, "checkpoint-") || absl::StartsWith(name, "push-log-");
    if (!large) continue;
    if (absl::Status status = RealFiles().RemoveFolder(absl::StrCat(folder, "/", name)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Of one run. Cancelled: this process was asked to end.
absl::StatusOr<Run> RunTrial(const std::vector<std::string>& command, const Run& blank, const std::string& output,
                             absl::Duration deadline) {
  const std::string log = output + "/train.log";
  auto child = ChildProcess::Start("pumasi train", command, log);
  if (!child.ok()) return child.status();
  const absl::Duration start = RealClock().Now();
  bool late = false;
  while (!(*child)->WaitUntil(RealClock().Now() + kLook)) {
    late = RealClock().Now() - start > deadline;
    if (!late && !Shutdown::Install().Requested()) continue;
    (*child)->Signal(SIGTERM);
    (*child)->WaitUntil(RealClock().Now() + kStopWithin);
    break;
  }
  if (Shutdown::Install().Requested()) return absl::CancelledError("interrupted");
  Run run = blank;
  run.source = output;
  run.state = "failed";
  if (late) {
    run.message = absl::StrCat("took more than ", absl::ToInt64Seconds(deadline), " s (--deadline)");
    return run;
  }
  auto there = RealFiles().Exists(output + "/" + kRunFile);
  if (!there.ok()) return there.status();
  if (!*there) {
    run.message = absl::StrCat(LastWords(log, (*child)->HowItEnded()), "; see ", log);
    return run;
  }
  auto runs = ReadRuns(RealFiles(), output);
  if (!runs.ok()) return runs.status();
  return runs->front();
}

}  // namespace

absl::StatusOr<std::vector<Run>> CheckVariants(const TrialOptions& options, const std::vector<Variant>& variants) {
  std::vector<Run> runs;
  for (const Variant& variant : variants) {
    auto file = LoadJobFile(options.job_file, SettingsOf(options, variant));
    if (!file.ok()) return file.status();
    Run run;
    run.mode = variant.mode;
    run.servers = variant.servers;
    run.workers = variant.workers;
    run.settings = FlattenJson(Json::parse(MessageToJson(file->job), nullptr, false));
    if (!variant.link.empty()) {
      if (auto rate = ReadLinkFlag(variant.link); !rate.ok()) return rate.status();
      run.settings["link"] = variant.link;
    }
    runs.push_back(std::move(run));
  }
  return runs;
}

absl::StatusOr<std::vector<Run>> RunTrials(const TrialOptions& options, const std::vector<Variant>& variants,
                                           const std::vector<Run>& blank, const std::vector<Trial>& trials) {
  auto program = ThisProgram();
  if (!program.ok()) return program.status();
  std::vector<std::vector<Run>> by_variant(variants.size());
  for (size_t i = 0; i < trials.size(); ++i) {
    const Trial& trial = trials[i];
    const Variant& variant = variants[trial.variant];
    const std::string label = absl::StrCat(trial.warm_up ? "warm-up, " : "", variant.label);
    const std::string output = absl::StrCat(options.folder, "/", TrialName(i, label));
    if (absl::Status status = RealFiles().MakeFolder(output); !status.ok()) return status;
    if (!options.quiet) {
      std::fprintf(stderr, "[%zu/%zu] %s ...", i + 1, trials.size(), EscapeControls(label).c_str());
      std::fflush(stderr);
    }
    auto run = RunTrial(Command(*program, options, variant, output), blank[trial.variant], output, options.deadline);
    if (!run.ok()) {
      if (!options.quiet) std::fprintf(stderr, "\n");
      if (!absl::IsCancelled(run.status())) return run.status();
      return absl::CancelledError(
          absl::StrCat("interrupted in run ", i + 1, " of ", trials.size(), "; what is done lies in ", options.folder));
    }
    const bool done = run->state == "done";
    if (!options.quiet) {
      const std::string what = done ? absl::StrCat(Thousands(run->rows_per_s), " rows/s, ", Seconds(run->train_seconds))
                                    : absl::StrCat(run->state, ": ", EscapeControls(run->message));
      std::fprintf(stderr, " %s\n", what.c_str());
    }
    if (done && !options.keep) {
      if (absl::Status status = RemoveModels(output); !status.ok()) return status;
    }
    if (!trial.warm_up) by_variant[trial.variant].push_back(*std::move(run));
  }
  std::vector<Run> runs;
  for (const auto& some : by_variant) runs.insert(runs.end(), some.begin(), some.end());
  return runs;
}

}  // namespace pumasi
