// What each configuration came to, over its repetitions.
#ifndef PUMASI_TOOLS_COMPARE_SUMMARY_H_
#define PUMASI_TOOLS_COMPARE_SUMMARY_H_

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tools/compare/comparison.h"
#include "tools/compare/limit.h"

namespace pumasi {

// Of some values: the median (of an even number the mean of the middle two) and the ends.
struct Spread {
  double median = 0, least = 0, most = 0;
  size_t count = 0;
  bool operator==(const Spread&) const = default;
};
// REQUIRES: there are values.
Spread SpreadOf(std::vector<double> values);

struct Summary {
  const Configuration* configuration = nullptr;
  Spread rows_per_s, train_seconds;
  // Until the comparison's target was reached for the first time. Unset: not in all repetitions, or unknown.
  std::optional<Spread> seconds_to_target, samples_to_target;
  std::optional<Spread> final_metric;  // of the last evaluation
  std::optional<Spread> final_loss;    // of training, at the end of the curve
  // Of all workers together; unset: the number of steps is unknown.
  std::optional<Spread> pulled_a_step, pushed_a_step;
  // Of the largest process whose name begins with "worker", "server" or "scheduler".
  std::optional<Spread> worker_bytes, server_bytes, scheduler_bytes;
  std::vector<std::pair<std::string, double>> shares;  // medians; of Run::shares
  std::optional<double> server_busy, cores_used;       // medians
  // rows/s of each worker over that of the configuration with one worker that differs in nothing else. Unset: there is
  // none.
  std::optional<double> efficiency;
  const Run* middle = nullptr;  // the repetition with the median speed (of an even number the slower one)
  Limit limit;                  // of `middle`
  bool same_parameters = true;  // all repetitions ended with the same bits, as far as they tell
};

// The median share; 0 if it is not there.
double ShareOf(const Summary& summary, const std::string& name);

// One for each configuration with a run that ended well, in their order. They point into `comparison`.
std::vector<Summary> Summarise(const Comparison& comparison);

// When a run had reached the target for the first time: an evaluation, or a point of the curve.
std::optional<std::pair<double, double>> ReachedAt(const Run& run, const Target& target);  // seconds, samples

// Whether two samples of a figure tell their configurations apart: their ranges do not overlap, and that would happen
// by chance in at most one of ten comparisons of equals (three repetitions each; 2 m! n! / (m + n)!). With fewer
// repetitions their medians have to be kFewDiffer apart, too.
bool Apart(const Spread& a, const Spread& b);
constexpr double kFewDiffer = 0.10;
// The chance above. REQUIRES: counts > 0.
double ChanceApart(size_t a, size_t b);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_SUMMARY_H_
