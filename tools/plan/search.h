// Which configuration to take.
#ifndef PUMASI_TOOLS_PLAN_SEARCH_H_
#define PUMASI_TOOLS_PLAN_SEARCH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/plan/prediction.h"

namespace pumasi {

// What is given and not looked for.
struct Fixed {
  std::optional<uint32_t> servers;
  std::optional<uint32_t> workers;
  std::optional<uint32_t> micro_batches;
};

// What else would be: with one thing of the cluster changed.
struct Change {
  std::string what;   // "links twice as fast"
  double faster = 1;  // the best of all configurations then, over the best one now
  Prediction best;    // that one
};

struct Plan {
  // Of each mode the one to take: of those within 2 % of the fastest that fits the machines the one with the fewest
  // processes, then with the job's own micro_batches, then with the fewest. In the order of PlanModes. Where none fits,
  // the one that needs least memory, with its problem.
  std::vector<Prediction> modes;
  // Of the modes that keep the bits; an index into `modes`. -1: none fits.
  int best = -1;
  // Of all modes, if it is one that does not and more than 2 % faster; -1: none.
  int other_bits = -1;
  // The best ones of `best`'s mode for each number of workers, ascending; those that do not fit are left out.
  std::vector<Prediction> by_workers;
  std::vector<Change> changes;  // of `best`'s mode; those that make it 5 % faster at least, most first
  uint64_t looked_at = 0;       // configurations
};

// Tries workers, servers and micro_batches that are powers of two, and as many as there are machines, up to the
// cluster's cores, the batch and the slots. Thousands of machines take well below a second.
Plan FindPlan(const PlanInput& input, const Fixed& fixed);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_PLAN_SEARCH_H_
