// One training run, as far as comparisons look at it.
#ifndef PUMASI_TOOLS_COMPARE_RUN_H_
#define PUMASI_TOOLS_COMPARE_RUN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace pumasi {

// Seconds here are of training: evaluations and what comes before the first batch are left out.

// A moment of training: the mean loss of the last up to 50 batches before it.
struct CurvePoint {
  double seconds = 0;
  double samples = 0;
  double loss = 0;
  bool operator==(const CurvePoint&) const = default;
};

// An evaluation on the test rows.
struct TestPoint {
  double seconds = 0;
  double samples = 0;
  std::optional<double> loss;
  double metric = 0;  // of the run's `metric`
  bool operator==(const TestPoint&) const = default;
};

// What most of the time goes into, as the scheduler found it (docs/profile.md).
struct FoundBottleneck {
  std::string kind;  // compute, network, server, input, scheduler
  double share = 0;  // of the workers' time
  std::string node;  // the one that it is about; empty: none stands out
  std::string sentence;
  bool operator==(const FoundBottleneck&) const = default;
};

struct Run {
  std::string source;  // the folder or file that it was read from
  std::string state;   // "done", "failed", ...
  std::string message;
  std::string mode;  // "ps", ...
  uint32_t servers = 0, workers = 0;
  // The job, each field by its path ("optimizer.adam.learning_rate", "model[1].lstm.units"); empty: unknown.
  std::map<std::string, std::string> settings;

  double samples = 0;  // trained in this run
  double steps = 0;    // updates of the parameters in this run; 0: unknown
  double rows_per_s = 0, train_seconds = 0, wall_seconds = 0;
  double bytes_pulled = 0, bytes_pushed = 0;  // of all workers, evaluations included
  std::string parameters_sha256;
  std::string ring;  // how a ring's sums differ from the tree's, in words; empty: they are the tree's

  std::string metric;  // "accuracy", "exact_match", "rmse": what the tests measure; empty: there are none
  std::vector<TestPoint> tests;
  std::vector<CurvePoint> curve;  // samples rise

  // How the workers' computing threads spend their time, by name ("compute", and the waits), of all workers together;
  // they come to 1. Empty: unknown.
  std::vector<std::pair<std::string, double>> shares;
  std::optional<double> server_busy;  // of the busiest one, share of the time
  std::optional<FoundBottleneck> bottleneck;

  std::map<std::string, double> peak_bytes;  // most memory of each process, by its name; empty: unknown
  // Processor cores that the processes kept busy on the average while the job trained, and how many the machine that
  // they all ran on has. Unset: unknown, or several machines.
  std::optional<double> cores_used;
  std::optional<double> cores;

  bool operator==(const Run&) const = default;
};

// The job's name; empty: unknown.
std::string JobName(const Run& run);

// Of `shares`; 0 if it is not there.
double ShareOf(const Run& run, const std::string& name);
// Waits for values and gradients on their way (pull, push); for servers (serve, apply).
double LinkShare(const Run& run);
double ServerShare(const Run& run);

// What tests may measure.
inline constexpr const char* kMetrics[] = {"accuracy", "exact_match", "rmse"};

// Of two values of a metric: the better one is the lower one with rmse, else the higher one.
bool LowerIsBetter(const std::string& metric);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_RUN_H_
