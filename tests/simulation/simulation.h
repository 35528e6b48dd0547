// One run: a cluster that trains one job through the mishaps of its seed, and has to come to the parameters of an
// undisturbed run.
#ifndef PUMASI_TESTS_SIMULATION_SIMULATION_H_
#define PUMASI_TESTS_SIMULATION_SIMULATION_H_

#include <cstdint>
#include <map>
#include <string>

#include "common/planted_bug.h"

namespace pumasi::sim {

struct RunOptions {
  uint64_t seed = 1;
  bool faults = true;
  bool trace = false;  // to stdout
  PlantedBug bug = PlantedBug::kNone;
};

struct RunResult {
  std::string failure;   // empty: all promises were kept
  std::string scenario;  // for people
  uint64_t events = 0;
  double virtual_seconds = 0;
  uint64_t checkpoints = 0, generations = 0;
  std::map<std::string, uint64_t> faults;  // by kind
};

// A function of its options. Not thread-safe where a bug is planted.
RunResult Run(const RunOptions& options);

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_SIMULATION_H_
