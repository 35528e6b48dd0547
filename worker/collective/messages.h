// What the members of a collective send one another, and what they want done.
#ifndef PUMASI_WORKER_COLLECTIVE_MESSAGES_H_
#define PUMASI_WORKER_COLLECTIVE_MESSAGES_H_

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "common/layout/part_range.h"
#include "ops/tree/gradient.h"

namespace pumasi {

// What does not change from batch to batch: how large a chunk's gradient is.
struct ChunkShape {
  std::vector<size_t> dense;  // floats of each of its dense pieces
};

struct CollectiveMessage {
  enum class Kind : uint8_t {
    kNode,    // to a chunk's owner: the gradient of one node
    kSum,     // from it: the chunk's sum over all parts
    kHave,    // the sender has applied all sums of the batch
    kWaits,   // it waits, for `members`
    kBroken,  // it has given up the group, because of `members`; `text` says why
  };
  Kind kind = Kind::kNode;
  uint64_t epoch = 0;
  uint64_t version = 0;                      // the batch
  uint32_t chunk = 0;                        // kNode, kSum
  PartRange node;                            // kNode
  std::shared_ptr<const Gradient> gradient;  // kNode, kSum: of the chunk
  std::vector<uint32_t> members;
  std::string text;
};

// Send the message: it has to arrive once at least, as long as both members live; later than others, or twice, is as
// well.
struct SendToMember {
  uint32_t to = 0;
  CollectiveMessage message;
};

// The chunk's sum of this batch: apply it to the own copy of the parameters. Once all of the batch are applied:
// Applied().
struct TakeSum {
  uint64_t version = 0;
  uint32_t chunk = 0;
  std::shared_ptr<const Gradient> sum;
};

// Every member has applied the batch: whatever was computed of it is done, and the next one may be computed.
struct AllHave {
  uint64_t version = 0;
};

// The group is of no more use; what came of the batches before AllHave has to be found out elsewhere. `members`: those
// that are missing, as far as that is known; the status names them. Nothing comes after it.
struct GroupBroken {
  absl::Status why;
  std::vector<uint32_t> members;
};

using CollectiveEffect = std::variant<SendToMember, TakeSum, AllHave, GroupBroken>;

}  // namespace pumasi

#endif  // PUMASI_WORKER_COLLECTIVE_MESSAGES_H_
