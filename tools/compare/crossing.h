// At which speed of a resource two configurations would be equally fast.
#ifndef PUMASI_TOOLS_COMPARE_CROSSING_H_
#define PUMASI_TOOLS_COMPARE_CROSSING_H_

#include <optional>

namespace pumasi {

// A speed, and the share of its time that goes into the resource.
struct Pace {
  double rows_per_s = 0;  // > 0
  double share = 0;       // 0 to 1
};

// Time for a row is (1 - share + share / f) / rows_per_s where the resource is f times as fast as it was: the same f
// for both, everything else as it was. That is a plain model: a wait that was hidden behind computing before does not
// count, and a fixed delay counts as if it shrank. Returns the f > 0 for which both are equally fast; unset: there is
// none, or both have the same time in the resource.
std::optional<double> Crossing(const Pace& a, const Pace& b);

// Rows/s where the resource cost nothing; unset: it takes all the time.
std::optional<double> WithoutIt(const Pace& pace);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_COMPARE_CROSSING_H_
