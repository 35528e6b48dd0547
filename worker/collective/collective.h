// A member's side of one group: its batches one after the other, and when to give the group up.
//
// A later batch is computed only once every member has applied the one before: what comes of it shows that all have,
// also where their own word of that is late. A group that stands still is given up: by whoever
// waits too long, and then by all, since that one takes part no more. Whom it waited for is told: a member that waits
// itself says for whom, so that the one who is silent is named, and not those whom it holds up.
#ifndef PUMASI_WORKER_COLLECTIVE_COLLECTIVE_H_
#define PUMASI_WORKER_COLLECTIVE_COLLECTIVE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "worker/collective/tree_reduction.h"

namespace pumasi {

// Not thread-safe. `now`: a monotonic time, never earlier than in an earlier call.
class Collective {
 public:
  struct Options {
    std::shared_ptr<const CollectiveShape> shape;
    uint64_t first_version = 0;
    // By version: roundings as of TreeReduction; unset: nothing is rounded.
    std::function<std::vector<BatchRounding>(uint64_t version)> roundings;
    // Nothing new for so long ends the group: where all parts have been computed, as far as this member can tell, and
    // messages alone are missing. Far longer than a message takes.
    absl::Duration patience = absl::Seconds(1);
    // Likewise, where parts may still have to be computed. Where nothing of a batch has begun nobody is waited for.
    absl::Duration patience_computing = absl::Seconds(60);
  };
  // InvalidArgument: the group is none, or does not go with the rest of the shape.
  static absl::StatusOr<std::unique_ptr<Collective>> Create(Options options, absl::Duration now);

  // --- events
  // As TreeReduction's, of batch `version`. FailedPrecondition: it is not to be computed yet, or over.
  absl::Status Give(uint64_t version, PartRange node, std::vector<Gradient> by_chunk, absl::Duration now);
  void Applied(uint64_t version, absl::Duration now);
  enum class Taken {
    kTaken,
    kOld,     // of an earlier group or batch: nobody needs it
    kNotYet,  // of a later group or batch: it has to come again
  };
  // InvalidArgument: the message does not fit the group; nothing has changed.
  absl::StatusOr<Taken> Arrived(uint32_t from, const CollectiveMessage& message, absl::Duration now);
  // The member will not come back.
  void Lost(uint32_t member, const std::string& why);
  void Tick(absl::Duration now);

  // --- effects
  std::vector<CollectiveEffect> TakeEffects();
  // When Tick is due; InfiniteDuration: not before another event.
  absl::Duration NextDeadline() const;

  // --- for looking at
  bool broken() const { return broken_; }
  // The batch that is computed: those before it all members have.
  uint64_t version() const { return next_; }
  // "batch 12 of epoch 7: parts 2-3 of worker-1".
  std::string WaitingFor() const;

 private:
  explicit Collective(Options options, absl::Duration now);
  const Group& group() const { return options_.shape->group; }
  TreeReduction& At(uint64_t version);
  // Events may have changed something: takes effects over, and goes on to the next batch.
  void Advance(absl::Duration now);
  void CompleteBefore(uint64_t version);
  absl::Duration Patience() const;
  // Whom to blame: of those that are waited for, the ones that do not wait for somebody else.
  std::set<uint32_t> Silent(absl::Duration now) const;
  void TellWaits(absl::Duration now);
  void Break(absl::Status why, const std::set<uint32_t>& members, bool tell);
  void SendAll(CollectiveMessage message);

  const Options options_;
  uint64_t next_;                              // the first batch that is not complete
  std::map<uint64_t, TreeReduction> batches_;  // by version: next_, if it has begun
  uint64_t past_moves_ = 0;                    // of batches that are complete
  uint64_t moves_ = 0;                         // of all, at moved_
  absl::Duration moved_;                       // when something was new
  absl::Duration told_;                        // when the others were last told that this member waits
  struct Waits {
    std::set<uint32_t> members;
    absl::Duration heard;
  };
  std::map<uint32_t, Waits> waits_;  // by member, what it told last
  bool broken_ = false;
  std::vector<CollectiveEffect> effects_;
};

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_COLLECTIVE_H_
