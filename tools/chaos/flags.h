// What pumasi-chaos is asked for.
#ifndef PUMASI_TOOLS_CHAOS_FLAGS_H_
#define PUMASI_TOOLS_CHAOS_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/chaos/scenario.h"

namespace pumasi {

struct ChaosFlags {
  std::string job;
  std::vector<std::string> set;
  uint32_t servers = 2;
  uint32_t workers = 2;
  std::string output;
  std::string cache;
  uint64_t seed = 1;
  std::optional<double> every;
  std::optional<uint64_t> times;
  std::optional<double> disturb_for;
  double deadline = 600;
  std::vector<std::string> targets{"scheduler", "server", "worker"};
  std::vector<std::string> faults;  // empty: those of the mode
  bool partitions = false;
  uint64_t disk = 0;       // MiB; 0: not asked for, as below
  double slow_worker = 0;  // 0: not asked for, as below
  double oversubscribe = 0;
  double scheduler_away = 0;
  bool reference = false;
  std::string expect;
  double expect_seconds = 0;
  bool json = false;
};

// An exit code: all is said, and nothing is left to do.
std::optional<int> ParseChaosFlags(int argc, char** argv, ChaosFlags* flags);

// What the flags come to. InvalidArgument: they do not go together.
struct ChaosMode {
  Scenario::Make scenario;  // unset: nothing is done to daemons
  double every = 5;
  bool kills_only = false;  // of single daemons
};
absl::StatusOr<ChaosMode> ModeOf(const ChaosFlags& flags);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_FLAGS_H_
