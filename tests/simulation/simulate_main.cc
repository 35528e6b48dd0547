// Runs simulations from the command line: many seeds, or one with its trace.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/simulation/simulation.h"

namespace pumasi::sim {
namespace {

constexpr char kUsage[] =
    "Simulates whole clusters in one thread, one a seed, and checks that nothing is lost.\n"
    "\n"
    "  simulate [--seeds N] [--first SEED] [--bug NAME] [--keep_going]\n"
    "  simulate --seed SEED [--trace] [--bug NAME]\n"
    "\n"
    "  --seeds N      so many seeds (100)\n"
    "  --first SEED   from this one on (1)\n"
    "  --seed SEED    this one alone\n"
    "  --trace        prints what happens\n"
    "  --bug NAME     with this mistake planted; \"list\" shows them\n"
    "  --calm         nothing goes wrong\n"
    "  --keep_going   does not end at the first failure\n"
    "\n"
    "Exit code 0: every promise was kept. Example: simulate --seeds 1000\n";

struct Flags {
  uint64_t seeds = 100, first = 1;
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

int Main(int argc, char** argv) {
  Flags flags;
  if (argc == 3 && std::strcmp(argv[1], "--bug") == 0 && std::strcmp(argv[2], "list") == 0) {
    for (const PlantedBug bug : AllPlantedBugs()) {
      std::printf("%-26s %s\n", std::string(PlantedBugName(bug)).c_str(), std::string(PlantedBugText(bug)).c_str());
    }
    return 0;
  }
  if (const std::string wrong = Parse(argc, argv, &flags); !wrong.empty()) {
    std::fprintf(stderr, "simulate: %s\n\n%s", wrong.c_str(), kUsage);
    return 2;
  }
  const auto start = std::chrono::steady_clock::now();
  uint64_t events = 0, failures = 0, seeds = 0, checkpoints = 0, generations = 0;
  double virtual_seconds = 0;
  std::map<std::string, uint64_t> faults;
  for (uint64_t seed = flags.first; seed < flags.first + flags.seeds; ++seed) {
    flags.run.seed = seed;
    const RunResult result = Run(flags.run);
    ++seeds;
    events += result.events;
    virtual_seconds += result.virtual_seconds;
    checkpoints += result.checkpoints;
    generations += result.generations;
    for (const auto& [kind, count] : result.faults) faults[kind] += count;
    if (result.failure.empty()) continue;
    ++failures;
    std::printf("FAILED %s\n  %s\n  again: simulate --seed %llu --trace%s%s\n", result.scenario.c_str(),
                result.failure.c_str(), static_cast<unsigned long long>(seed),
                flags.run.bug == PlantedBug::kNone ? "" : " --bug ",
                flags.run.bug == PlantedBug::kNone ? "" : std::string(PlantedBugName(flags.run.bug)).c_str());
    std::fflush(stdout);
    if (!flags.keep_going) break;
  }
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  std::printf(
      "%llu seeds, %llu failed; %llu events, %.0f a second; %.0f virtual seconds; %llu checkpoints, %llu "
      "returns to one;",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(failures),
      static_cast<unsigned long long>(events), static_cast<double>(events) / seconds, virtual_seconds,
      static_cast<unsigned long long>(checkpoints), static_cast<unsigned long long>(generations));
  for (const auto& [kind, count] : faults)
    std::printf(" %s %llu", kind.c_str(), static_cast<unsigned long long>(count));
  std::printf("\n");
  return failures == 0 ? 0 : 1;
}

}  // namespace
}  // namespace pumasi::sim

int main(int argc, char** argv) { return pumasi::sim::Main(argc, argv); }
