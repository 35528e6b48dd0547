// What a run was to show, and what it showed.
#ifndef PUMASI_TOOLS_CHAOS_GOALS_H_
#define PUMASI_TOOLS_CHAOS_GOALS_H_

#include <optional>
#include <string>
#include <vector>

#include "tools/chaos/chaos_run.h"
#include "tools/cli/json.h"

namespace pumasi {

struct Goal {
  std::string goal;
  std::string seen;
  bool met;
};

// Numbers behind the goals: what a run with faults came to.
struct ChaosFigures {
  // Batches that count per second while faults went on, over those of the undisturbed run; the batches that a return to
  // a checkpoint undid do not count. Nothing: that is not known.
  std::optional<double> goodput;
  // For each server that was killed, the longest gap between two batches in the 5 s after that.
  std::vector<double> server_stalls;
  // From a kill, or a stop that was long enough, to the node's being declared dead; where the scheduler was at work.
  std::vector<double> crash_noticed, silence_noticed;
  // Nodes that were declared dead though nothing was done to them.
  int false_evictions = 0;
};
// `undisturbed` is how long the run took undisturbed, in seconds, measured likewise; 0: not known.
ChaosFigures FiguresOf(const ChaosOutcome& outcome, double undisturbed);

// What `figures` and the outcome say about goals: only those that the run can say something about.
struct GoalInputs {
  double every = 5;         // seconds between faults
  bool kills_only = false;  // of single daemons
  uint32_t replicas = 1;
  double oversubscribe = 0;
};
std::vector<Goal> GoalsOf(const ChaosOutcome& outcome, const ChaosFigures& figures, const GoalInputs& inputs);

// "goal: ...; seen: ...", with what is missed marked; without an end of line.
std::string GoalLine(const Goal& goal);
Json GoalsJson(const std::vector<Goal>& goals);
Json FiguresJson(const ChaosFigures& figures);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_GOALS_H_
