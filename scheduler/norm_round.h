// The norms of a batch's gradient over all servers of a job, gathered from what each holds of it.
#ifndef PUMASI_SCHEDULER_NORM_ROUND_H_
#define PUMASI_SCHEDULER_NORM_ROUND_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "ops/exact_sum.h"
#include "proto/scheduler.pb.h"

namespace pumasi {

// Servers go through batches together: none begins one before all have applied the one before. So one round is open at
// a time, and the answer of the one before is kept for servers that did not get it: it is a fact, whatever becomes of
// the layout. Not thread-safe.
class NormRound {
 public:
  // Takes what a server has; nothing until all of `servers`, those that are primaries, have given theirs, then the
  // squared norms by table. What others have does not count. The same call again changes nothing. InvalidArgument: sums
  // that are none, another number of tables than `tables`, a batch that is neither the open one nor the one before.
  absl::StatusOr<std::optional<std::vector<double>>> Take(const v1::CombineNormsRequest& request,
                                                          const std::set<uint64_t>& servers, size_t tables);
  // Primaries changed: the open round begins anew.
  void Restart();
  // As if it had given this answer.
  void Restore(uint64_t version, std::vector<double> answer);

  // The batch that waits, and whose sums are there; nothing if none waits.
  std::optional<uint64_t> open_version() const {
    return given_.empty() ? std::nullopt : std::optional<uint64_t>(version_);
  }
  // The last round that is complete.
  std::optional<uint64_t> answered_version() const { return answered_version_; }
  const std::vector<double>& answer() const { return answer_; }
  bool gave(uint64_t incarnation) const { return given_.count(incarnation) > 0; }

 private:
  uint64_t version_ = 0;  // of the open round, if given_ is not empty
  std::set<uint64_t> given_;
  std::vector<ExactSum> sums_;
  std::optional<uint64_t> answered_version_;
  std::vector<double> answer_;
};

}  // namespace pumasi

#endif  // PUMASI_SCHEDULER_NORM_ROUND_H_
