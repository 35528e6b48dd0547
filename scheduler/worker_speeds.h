// How fast each worker of a job is, and how many parts of a batch each should have so that all end together.
#ifndef PUMASI_SCHEDULER_WORKER_SPEEDS_H_
#define PUMASI_SCHEDULER_WORKER_SPEEDS_H_

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "absl/time/time.h"

namespace pumasi {

// A worker that has n > 0 parts of a batch is taken to be done after overhead + n · seconds for a part: pulling rows,
// pushing gradients and telling of it take their time whatever was computed, on a slow machine or a slow link longer.
// With d devices it computes d parts in the time of one, so n is rounded up to the next multiple of d and divided by d.
//
// Not thread-safe. A function of what it was told.
class WorkerSpeeds {
 public:
  // So many parts the worker computes side by side; 1 unless told, and 0 is 1.
  void SetDevices(uint64_t worker, uint32_t devices);
  // A worker was leased parts of a batch. What it gets of the same batch later does not count as its beginning.
  void Leased(uint64_t worker, uint64_t batch, absl::Duration now);
  // It has computed `parts` of them in `seconds`, and has just told so. It could not begin before `opened`, when the
  // batch before was done; `now`, if that is not known yet. Times that are not finite and positive tell nothing.
  void Done(uint64_t worker, uint64_t batch, uint32_t parts, double seconds, absl::Duration opened, absl::Duration now);
  void Forget(uint64_t worker) { workers_.erase(worker); }

  // Seconds of computing for one part, on each of its devices: a moving average; nothing is known of a worker that has
  // done nothing yet.
  std::optional<double> SecondsPerPart(uint64_t worker) const;
  // Mean over the workers of whom something is known.
  std::optional<double> MeanSecondsPerPart() const;
  // Seconds that a batch takes beyond its parts: the median of the last few, since one stall says nothing of a worker.
  std::optional<double> Overhead(uint64_t worker) const;

  // By worker: how many of a batch's `parts` parts. They add up to `parts`, and the time until the last worker is done
  // is as short as it can be; of whom nothing is known counts as the mean. Equal shares for all devices where these are
  // nearly as good: then measured times that vary a little do not move parts about, and units stay large.
  std::map<uint64_t, uint32_t> Quotas(const std::vector<uint64_t>& workers, uint32_t parts) const;

 private:
  struct Known {
    uint64_t devices = 1;
    std::optional<double> one;                  // seconds for one part
    std::deque<double> overheads;               // seconds, the latest last
    std::map<uint64_t, absl::Duration> leased;  // when, by batch: it has told nothing of these yet
  };
  uint64_t Devices(uint64_t worker) const;

  std::map<uint64_t, Known> workers_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_WORKER_SPEEDS_H_
