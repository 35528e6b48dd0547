#include "common/failpoint.h"

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "common/log.h"
#include "common/nearest_name.h"

namespace pumasi {
namespace {

enum class Action { kCrash, kStop, kError };

struct Setting {
  Action action = Action::kCrash;
  uint64_t hit = 1;
  bool onwards = false;
  uint64_t hits = 0;
};

using Settings = std::map<std::string, Setting, std::less<>>;

struct State {
  absl::Mutex mutex;
  Settings settings ABSL_GUARDED_BY(mutex);
};

State& TheState() {
  static State* const state = new State;
  return *state;
}

absl::Status Bad(absl::string_view item, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat(kFailpointsVariable, ": '", item, "': ", what, "; right would be NAME=crash|stop|error@HIT"));
}

absl::Status Parse(absl::string_view item, Settings* settings) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(item, absl::MaxSplits('=', 1));
  const std::string name(parts.first);
  bool known = false;
  for (const std::string& other : FailpointNames()) known = known || other == name;
  if (!known) return Bad(item, absl::StrCat("no such failpoint; ", SuggestName(name, FailpointNames())));
  const std::pair<absl::string_view, absl::string_view> when = absl::StrSplit(parts.second, absl::MaxSplits('@', 1));
  Setting setting;
  if (when.first == "crash") {
    setting.action = Action::kCrash;
  } else if (when.first == "stop") {
    setting.action = Action::kStop;
  } else if (when.first == "error") {
    setting.action = Action::kError;
  } else {
    return Bad(item, "unknown action");
  }
  if (parts.second.size() > when.first.size()) {
    absl::string_view hit = when.second;
    setting.onwards = absl::ConsumeSuffix(&hit, "+");
    if (!absl::SimpleAtoi(hit, &setting.hit) || setting.hit == 0) return Bad(item, "the hit is no number from 1 on");
  }
  if (!settings->emplace(name, setting).second) return Bad(item, "set twice");
  return absl::OkStatus();
}

}  // namespace

namespace internal {
std::atomic<bool> failpoints_on{false};
}  // namespace internal

const std::vector<std::string>& FailpointNames() {
  static const auto* const names = new std::vector<std::string>{
      "node.heartbeat.answered",    "node.heartbeat.sent",        "node.register.answered",
      "node.register.sent",         "scheduler.assets.received",  "scheduler.call.received",
      "scheduler.checkpoint.begun", "scheduler.checkpoint.named", "scheduler.commit.begun",
      "scheduler.commit.done",      "scheduler.leases.given",     "scheduler.results.received",
      "scheduler.results.taken",    "server.assignment.received", "server.fetch.answered",
      "server.fetch.received",      "server.fetch.sent",          "server.log.synced",
      "server.log.written",         "server.pull.answered",       "server.pull.received",
      "server.push.applied",        "server.push.received",       "server.report.answered",
      "server.report.sent",         "server.shard.made",          "server.snapshot.begun",
      "server.snapshot.synced",     "worker.lane.batch",          "worker.lease.answered",
      "worker.lease.sent",          "worker.pull.answered",       "worker.pull.sent",
      "worker.push.answered",       "worker.push.sent",           "worker.report.answered",
      "worker.report.sent",         "worker.unit.computed",       "worker.unit.read",
  };
  return *names;
}

absl::Status SetFailpoints(absl::string_view text) {
  Settings settings;
  for (absl::string_view item : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    if (absl::Status status = Parse(absl::StripAsciiWhitespace(item), &settings); !status.ok()) return status;
  }
  State& state = TheState();
  absl::MutexLock lock(&state.mutex);
  state.settings = std::move(settings);
  internal::failpoints_on.store(!state.settings.empty(), std::memory_order_relaxed);
  return absl::OkStatus();
}

absl::Status SetFailpointsFromEnvironment() {
  const char* const settings = std::getenv(kFailpointsVariable);
  return SetFailpoints(settings == nullptr ? "" : settings);
}

absl::Status HitFailpoint(absl::string_view name) {
  Action action;
  {
    State& state = TheState();
    absl::MutexLock lock(&state.mutex);
    const auto found = state.settings.find(name);
    if (found == state.settings.end()) return absl::OkStatus();
    Setting& setting = found->second;
    ++setting.hits;
    if (setting.onwards ? setting.hits < setting.hit : setting.hits != setting.hit) return absl::OkStatus();
    action = setting.action;
  }
  switch (action) {
    case Action::kCrash:
      Log(Severity::kWarn, "failpoint: the process dies", {{"failpoint", name}});
      std::raise(SIGKILL);
      std::abort();  // not reached
    case Action::kStop:
      Log(Severity::kWarn, "failpoint: the process stops", {{"failpoint", name}});
      std::raise(SIGSTOP);
      return absl::OkStatus();
    case Action::kError:
      break;
  }
  return absl::UnavailableError(absl::StrCat("failpoint ", name));
}

}  // namespace pumasi
