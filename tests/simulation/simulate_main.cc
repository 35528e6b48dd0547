// Runs simulations from the command line: many seeds, or one with its trace.
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>
#include <string>
#include <string_view>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/simulation.h"

namespace pumasi::sim {
namespace {

constexpr char kUsage[] =
    "Simulates whole clusters in one thread, one a seed, and checks that nothing is lost.\n"
    "\n"
    "  simulate [--seeds N] [--first SEED] [--jobs N] [--bug NAME] [--keep_going]\n"
    "  simulate --seed SEED [--trace] [--bug NAME]\n"
    "\n"
    "  --seeds N      so many seeds (100)\n"
    "  --first SEED   from this one on (1)\n"
    "  --jobs N       so many processes share the seeds (1)\n"
    "  --seed SEED    this one alone\n"
    "  --trace        prints what happens\n"
    "  --bug NAME     with this mistake planted; \"list\" shows them\n"
    "  --calm         nothing goes wrong\n"
    "  --keep_going   does not end at the first failure\n"
    "\n"
    "Exit code 0: every promise was kept. Example: simulate --seeds 1000\n";

struct Flags {
  uint64_t seeds = 100, first = 1, jobs = 1;
  RunOptions run;
  bool keep_going = false;
};

// Empty, or what is wrong.
std::string Parse(int argc, char** argv, Flags* flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--trace") {
      flags->run.trace = true;
    } else if (name == "--calm") {
      flags->run.faults = false;
    } else if (name == "--keep_going") {
      flags->keep_going = true;
    } else if (i + 1 >= argc) {
      return absl::StrCat(name, ": unknown, or without its value");
    } else if (name == "--bug") {
      const auto bug = PlantedBugOfName(argv[++i]);
      if (!bug.ok()) return std::string(bug.status().message());
      flags->run.bug = *bug;
    } else {
      uint64_t number = 0;
      if (!absl::SimpleAtoi(argv[++i], &number)) return absl::StrCat(name, ": ", argv[i], " is no number");
      if (name == "--seeds") {
        flags->seeds = number;
      } else if (name == "--jobs") {
        flags->jobs = number;
      } else if (name == "--first") {
        flags->first = number;
      } else if (name == "--seed") {
        flags->first = number;
        flags->seeds = 1;
      } else {
        return absl::StrCat(name, ": unknown");
      }
    }
  }
  return "";
}

constexpr uint64_t kMostJobs = 256;
constexpr size_t kMostKinds = 40;
// Seeds between two lines about how far it is.
constexpr uint64_t kProgress = 1000;

// What one process has done so far; in memory that all share.
struct Done {
  uint64_t seed = 0;  // that it runs
  uint64_t checkpoints = 0, generations = 0;
  double virtual_seconds = 0;
  struct Kind {
    char name[32];
    uint64_t count;
  };
  Kind faults[kMostKinds] = {};
};
struct Shared {
  std::atomic<uint64_t> next = 0;  // seed to run
  std::atomic<uint64_t> seeds = 0, failures = 0, events = 0;
  std::atomic<bool> stop = false;
  Done done[kMostJobs];
};

double Since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void Add(const RunResult& result, Done* done) {
  done->checkpoints += result.checkpoints;
  done->generations += result.generations;
  done->virtual_seconds += result.virtual_seconds;
  for (const auto& [kind, count] : result.faults) {
    Done::Kind* const end = done->faults + kMostKinds;
    Done::Kind* at = std::find_if(done->faults, end, [&](const auto& one) {
      return one.count == 0 || std::strncmp(one.name, kind.c_str(), sizeof one.name - 1) == 0;
    });
    if (at == end) continue;
    std::strncpy(at->name, kind.c_str(), sizeof at->name - 1);
    at->count += count;
  }
}

void PrintFailure(const RunOptions& run, const RunResult& result) {
  // In one piece, since other processes print, too.
  const std::string text =
      absl::StrCat("FAILED ", result.scenario, "\n  ", result.failure, "\n  again: simulate --seed ", run.seed,
                   " --trace", run.bug == PlantedBug::kNone ? "" : absl::StrCat(" --bug ", PlantedBugName(run.bug)),
                   run.faults ? "" : " --calm", "\n");
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
}

// Takes seeds until there are none left, or one has failed.
void Work(const Flags& flags, std::chrono::steady_clock::time_point start, Shared* shared, Done* done) {
  RunOptions run = flags.run;
  while (!shared->stop) {
    run.seed = shared->next++;
    if (run.seed >= flags.first + flags.seeds) return;
    done->seed = run.seed;
    const RunResult result = Run(run);
    const uint64_t events = shared->events += result.events;
    const uint64_t seeds = ++shared->seeds;
    Add(result, done);
    if (!result.failure.empty()) {
      ++shared->failures;
      PrintFailure(run, result);
      if (!flags.keep_going) shared->stop = true;
    }
    if (seeds % kProgress != 0 || seeds == flags.seeds) continue;
    std::fprintf(stderr, "%llu of %llu seeds, %llu failed; %.0f events a second\n",
                 static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(flags.seeds),
                 static_cast<unsigned long long>(shared->failures.load()), static_cast<double>(events) / Since(start));
  }
}

// Returns whether all processes lived.
bool WorkInProcesses(const Flags& flags, std::chrono::steady_clock::time_point start, Shared* shared) {
  std::map<pid_t, Done*> children;
  for (uint64_t job = 0; job < flags.jobs; ++job) {
    const pid_t child = fork();
    if (child == 0) {
      Work(flags, start, shared, &shared->done[job]);
      std::fflush(stdout);
      _exit(0);
    }
    if (child < 0) {
      std::perror("simulate: fork");
      shared->stop = true;
      break;
    }
    children[child] = &shared->done[job];
  }
  bool lived = children.size() == flags.jobs;
  for (int status = 0; !children.empty();) {
    const pid_t child = wait(&status);
    if (child < 0) return false;
    const auto ended = children.find(child);
    if (ended == children.end()) continue;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
      lived = false;
      if (!flags.keep_going) shared->stop = true;
      std::printf("FAILED seed %llu: its process died\n", static_cast<unsigned long long>(ended->second->seed));
      std::fflush(stdout);
    }
    children.erase(ended);
  }
  return lived;
}

int Main(int argc, char** argv) {
  Flags flags;
  if (argc == 3 && std::strcmp(argv[1], "--bug") == 0 && std::strcmp(argv[2], "list") == 0) {
    for (const PlantedBug bug : AllPlantedBugs()) {
      std::printf("%-26s %s\n", std::string(PlantedBugName(bug)).c_str(), std::string(PlantedBugText(bug)).c_str());
    }
    return 0;
  }
  if (std::find(argv + 1, argv + argc, std::string_view("--help")) != argv + argc) {
    std::printf("%s", kUsage);
    return 0;
  }
  if (const std::string wrong = Parse(argc, argv, &flags); !wrong.empty()) {
    std::fprintf(stderr, "simulate: %s\n\n%s", wrong.c_str(), kUsage);
    return 2;
  }
  if (flags.jobs == 0 || flags.jobs > kMostJobs) {
    std::fprintf(stderr, "simulate: --jobs: 1 to %d\n", static_cast<int>(kMostJobs));
    return 2;
  }
  void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    std::perror("simulate: memory");
    return 2;
  }
  Shared* shared = new (memory) Shared;
  shared->next = flags.first;
  const auto start = std::chrono::steady_clock::now();
  bool lived = true;
  if (flags.jobs == 1) {
    Work(flags, start, shared, &shared->done[0]);
  } else {
    lived = WorkInProcesses(flags, start, shared);
  }
  Done sum;
  std::map<std::string, uint64_t> faults;
  for (const Done& done : shared->done) {
    sum.checkpoints += done.checkpoints;
    sum.generations += done.generations;
    sum.virtual_seconds += done.virtual_seconds;
    for (const Done::Kind& kind : done.faults) {
      if (kind.count > 0) faults[kind.name] += kind.count;
    }
  }
  std::printf(
      "%llu seeds, %llu failed; %llu events, %.0f a second; %.0f virtual seconds; %llu checkpoints, %llu "
      "returns to one;",
      static_cast<unsigned long long>(shared->seeds), static_cast<unsigned long long>(shared->failures),
      static_cast<unsigned long long>(shared->events), static_cast<double>(shared->events) / Since(start),
      sum.virtual_seconds, static_cast<unsigned long long>(sum.checkpoints),
      static_cast<unsigned long long>(sum.generations));
  for (const auto& [kind, count] : faults)
    std::printf(" %s %llu", kind.c_str(), static_cast<unsigned long long>(count));
  std::printf("\n");
  return lived && shared->failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace pumasi::sim

int main(int argc, char** argv) { return pumasi::sim::Main(argc, argv); }
