// How long a job stood still between two batches.
#ifndef PUMASI_TOOLS_CHAOS_STALLS_H_
#define PUMASI_TOOLS_CHAOS_STALLS_H_

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pumasi {

class Stalls {
 public:
  // So many batches were done at `seconds`, which grows from call to call. A job that went back to a checkpoint stands
  // still until it is further than it ever was.
  void Seen(double seconds, uint64_t batches);
  // Training ended, or pauses (an evaluation): the gap to the next batch does not count.
  void Pause();

  size_t count() const { return gaps_.size(); }
  // The longest gap that lies in [from, to) in part at least; 0 if none does.
  double LongestAt(double from, double to) const;
  // The shortest gap that at least `share` of all are no longer than; 0 if there are none. 1: the longest.
  double Quantile(double share) const;

 private:
  struct Gap {
    double end, seconds;
  };
  std::vector<Gap> gaps_;
  uint64_t most_ = 0;
  double last_ = -1;  // none yet
};

// The shortest of `values` that at least `share` of all are no longer than; 0 if there are none. 1: the longest.
double QuantileOf(std::vector<double> values, double share);

}  // namespace pumasi

#endif  // PUMASI_TOOLS_CHAOS_STALLS_H_
