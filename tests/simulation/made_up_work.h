// What the simulated workers compute instead of a model: gradients that are made up, but depend on all that they shall
// depend on (the part's ids, the batch, and every value that was pulled), so that a wrong version, a lost row or a
// part that counts twice changes the parameters.
#ifndef PUMASI_TESTS_SIMULATION_MADE_UP_WORK_H_
#define PUMASI_TESTS_SIMULATION_MADE_UP_WORK_H_

#include <vector>

#include "ops/tree/gradient.h"
#include "proto/scheduler.pb.h"
#include "tests/simulation/scenario.h"

namespace pumasi::sim {

// One part's rows: which ids occur, and how often.
struct PartWork {
  std::vector<uint64_t> ids;  // ascending, each once
  std::vector<uint32_t> counts;
  uint64_t samples = 0;
};
PartWork WorkOf(const Scenario& scenario, uint64_t version, uint32_t part);

// Parameters as a worker sees them.
struct Parameters {
  std::vector<std::vector<float>> dense;  // by table; empty for the row table
  std::vector<uint64_t> ids;              // ascending
  std::vector<float> rows;                // ids.size() × columns
};

// The part's gradient, by table; nothing in it if the part has no rows. `seen` has to have the part's ids.
Gradient MadeUpGradient(const Scenario& scenario, const PartWork& work, uint64_t version, uint32_t part,
                        const Parameters& seen);

// The result that goes with it.
v1::PartResult MadeUpResult(const PartWork& work, uint32_t part);

}  // namespace pumasi::sim

#endif  // PUMASI_TESTS_SIMULATION_MADE_UP_WORK_H_
