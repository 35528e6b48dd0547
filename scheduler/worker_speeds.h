// How fast each worker of a job computes, and how many parts of a batch each should have so that all end together.
#ifndef PUMASI_SCHEDULER_WORKER_SPEEDS_H_
#define PUMASI_SCHEDULER_WORKER_SPEEDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

namespace pumasi {

// Not thread-safe. A function of what it was told.
class WorkerSpeeds {
 public:
  // A worker took `seconds` for `parts` parts. Times that are not finite and positive tell nothing.
  void Observe(uint64_t worker, uint32_t parts, double seconds);
  void Forget(uint64_t worker) { seconds_.erase(worker); }

  // Seconds for one part: a moving average; nothing is known of a worker that has done nothing yet.
  std::optional<double> SecondsPerPart(uint64_t worker) const;
  // Mean over the workers of whom something is known.
  std::optional<double> MeanSecondsPerPart() const;

  // By worker: how many of a batch's `parts` parts. They add up to `parts`, and the time until the last worker is done
  // is as short as it can be; of whom nothing is known counts as the mean. Equal shares where these are nearly as good:
  // then measured times that vary a little do not move parts about, and units stay large.
  std::map<uint64_t, uint32_t> Quotas(const std::vector<uint64_t>& workers, uint32_t parts) const;

 private:
  std::map<uint64_t, double> seconds_;  // for one part, by worker
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_WORKER_SPEEDS_H_
